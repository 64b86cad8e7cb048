"""What a page shows, as texts that its markup has places for: in the page as it is sent, and in what a script
puts into it later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from protocols.daemon.dashboard.wording import visible


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table."""

    key: str
    """What it is known by; no two rows of a table have the same."""
    texts: Mapping[str, str]
    kind: str = ""
    """A class of the style sheet."""
    rates: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """What is drawn."""


@dataclass(frozen=True, slots=True)
class View:
    """All of it.  Nothing in here is escaped."""

    texts: Mapping[str, str]
    tables: Mapping[str, Sequence[Row]]
    kinds: Mapping[str, str] = field(default_factory=dict)
    """Classes of the style sheet, by the name of the place."""
    rates: Mapping[str, Sequence[float]] = field(default_factory=dict)


def view_value(view: View, *, whole: bool) -> dict[str, Any]:
    """`view` as a value for JSON.

    :param whole: with all rates; otherwise with the last of each, for a script that has the others.
    """
    return {
        "whole": whole,
        "texts": _texts(view.texts),
        "kinds": view.kinds,
        "rates": _rates(view.rates, whole),
        "tables": {
            name: [
                {
                    "key": row.key,
                    "kind": row.kind,
                    "texts": _texts(row.texts),
                    "rates": _rates(row.rates, whole),
                }
                for row in rows
            ]
            for name, rows in view.tables.items()
        },
    }


def _texts(texts: Mapping[str, str]) -> dict[str, str]:
    return {name: visible(text) for name, text in texts.items()}


def _rates(rates: Mapping[str, Sequence[float]], whole: bool) -> dict[str, list[float]]:
    return {name: [round(rate, 2) for rate in (of if whole else of[-1:])] for name, of in rates.items()}
