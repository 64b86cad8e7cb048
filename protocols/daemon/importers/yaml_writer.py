"""YAML with comments, as people write it: mappings in lines, lists between brackets."""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any, Final

from protocols.daemon.printable import printable
from protocols.daemon.yaml_scalars import ScalarError, resolve

WIDTH: Final = 100
"""Columns of a comment."""

_PLAIN: Final = re.compile(
    r"-{0,2}[A-Za-z/_.][A-Za-z0-9/_.+@-]*(:[A-Za-z0-9/_.+@-]+)*|[0-9]+(\.[0-9]+){3}(/[0-9]+)?"
    r"|[1-9][0-9]*(ms|[smhd]|/[smhd]|[KMG]iB)"
)


def scalar(value: str | int | float | bool) -> str:
    """`value` as YAML, in quotes only where it needs them."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return str(value)
    # A text that looks like a reference to a secret is none here.
    text = value.replace("${", "$${")
    if _PLAIN.fullmatch(text) and _is_text(text):
        return text
    import yaml

    # Whoever reads it should see what a shell does: in single quotes nothing has a backslash.
    style = "'" if text.isprintable() and '"' in text and "'" not in text else '"'
    return yaml.dump(text, default_style=style, allow_unicode=True, width=sys.maxsize).rstrip("\n")


def _is_text(text: str) -> bool:
    try:
        return resolve(text) == text
    except ScalarError:
        return False


def flow(value: Any) -> str:
    """`value` on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key_text(key)}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(flow, value)) + "]"
    return scalar(value)


def key_text(key: str) -> str:
    """A key: unlike values, keys hold no references."""
    return scalar(key).replace("$${", "${")


def block(mapping: Mapping[str, Any], depth: int) -> Iterator[str]:
    """The lines of `mapping`, each `depth` spaces in."""
    for key, value in mapping.items():
        begin = f"{' ' * depth}{key_text(key)}:"
        if isinstance(value, Mapping) and value:
            yield begin
            yield from block(value, depth + 2)
        elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
            yield begin
            yield from (f"{' ' * depth}  - {_item(item)}" for item in value)
        elif isinstance(value, list) and len(value) > 1 and len(begin) + len(flow(value)) > WIDTH:
            yield begin
            yield from (f"{' ' * depth}  - {flow(item)}" for item in value)
        else:
            yield f"{begin} {flow(value)}"


def _item(value: Any) -> str:
    if isinstance(value, Mapping) and len(value) == 1:
        ((key, item),) = value.items()
        return f"{key_text(key)}: {flow(item)}"
    return flow(value)


def comment(text: str, depth: int = 0, hanging: str = "  ") -> Iterator[str]:
    """`text` as lines of comment, each `depth` spaces in, and `hanging` before those after the first."""
    begin = f"{' ' * depth}# "
    yield from textwrap.wrap(
        printable(text),
        WIDTH,
        initial_indent=begin,
        subsequent_indent=begin + hanging,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [begin.rstrip()]
