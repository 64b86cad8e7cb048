"""The pages' markup: files with places for texts, which are escaped as they are put in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from string import Template
from typing import Final
from urllib.parse import quote

from protocols.daemon.dashboard.sparkline import area, line
from protocols.daemon.dashboard.view import Row, View
from protocols.daemon.dashboard.wording import visible

_ROW = re.compile(r'<template data-row="(\w+)">\n?(.*?)</template>', re.DOTALL)
_PLACE = re.compile(r"\$\w+")

FRAME: Final = "frame.html"
"""What is around every page."""


def packaged(name: str) -> str:
    """The text of a file beside this module."""
    return files(__package__).joinpath(name).read_text("utf-8")


class Markup:
    """A page, of which what is between ``<!--if NAME-->`` and ``<!--end-->`` is for those who may do `what`.

    Places in it begin with a dollar sign: those of the view's texts have their names; ``kind_…`` are classes,
    ``line_…`` and ``area_…`` drawings, ``rows_…`` the rows of a table, ``some_…`` and ``none_…`` whether
    there are any.  How a row looks is in a ``<template>``, which scripts copy: so both have one markup.

    :param name: the file.
    :param can: what those who see it may do: ``actions``, ``tap``.
    """

    def __init__(self, name: str, can: frozenset[str]) -> None:
        frame = packaged(FRAME).replace("<!--main-->", packaged(name))
        text = _chosen(frame, can)
        self._rows = {found[1]: Template(found[2]) for found in _ROW.finditer(text)}
        self._text = Template(_ROW.sub(lambda found: _PLACE.sub("", found[0]), text))

    def fill(self, view: View, **more: str) -> str:
        """The page that shows `view`, and `more` texts."""
        places = {**_escaped(view.texts), **_escaped(more), **_drawn(view.rates)}
        places |= {f"kind_{name}": kind for name, kind in view.kinds.items()}
        for name, rows in view.tables.items():
            places[f"rows_{name}"] = "".join(self._row(name, row) for row in rows)
            places[f"some_{name}"] = "" if rows else "hidden"
            places[f"none_{name}"] = "hidden" if rows else ""
        return self._text.substitute(places)

    def _row(self, name: str, row: Row) -> str:
        places = {**_escaped(row.texts), **_drawn(row.rates)}
        return self._rows[name].substitute(
            places, key=escape(row.key), link=quote(row.key, safe=""), kind=row.kind
        )


def _chosen(text: str, can: frozenset[str]) -> str:
    for name in ("actions", "tap", "live"):
        for condition, wanted in ((name, name in can), (f"no {name}", name not in can)):
            part = re.compile(rf"<!--if {condition}-->(.*?)<!--end-->", re.DOTALL)
            text = part.sub(r"\1" if wanted else "", text)
    return text


def _escaped(texts: Mapping[str, str]) -> dict[str, str]:
    return {name: escape(visible(text)) for name, text in texts.items()}


def _drawn(rates: Mapping[str, Sequence[float]]) -> dict[str, str]:
    drawn: dict[str, str] = {}
    for name, of in rates.items():
        drawn[f"line_{name}"] = outline = line(of)
        drawn[f"area_{name}"] = area(outline, len(of))
    return drawn
