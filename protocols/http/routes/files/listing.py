"""A page that lists a folder."""

from __future__ import annotations

import time
from collections.abc import Sequence
from html import escape
from typing import Final

from protocols.http.response import Response
from protocols.http.routes.files.folder import Item
from protocols.http.routes.files.representation import NOSNIFF
from protocols.http.target import encode_path

_POLICY: Final = ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
"""The page runs nothing, whatever the files are called (W3C CSP3)."""

_JOINERS: Final = "\u200c\u200d"
"""Characters that some scripts and pictograms need, and that print nothing."""

_UNITS: Final = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")

_STYLE: Final = """\
:root{color-scheme:light dark}
body{font:1rem/1.5 system-ui,sans-serif;margin:2rem auto;max-width:56rem;padding:0 1rem}
h1{font-size:1.3rem;overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%}
th,td{border-bottom:1px solid #8884;padding:.4rem .5rem;text-align:left;vertical-align:top}
th{font-size:.85rem;font-weight:600;opacity:.75}
td:first-child{overflow-wrap:anywhere;width:100%}
td+td,th+th{font-variant-numeric:tabular-nums;text-align:right;white-space:nowrap}
td+td{opacity:.75}
tr:hover td{background:#8881}
a{color:LinkText;text-decoration:none}
a:hover,a:focus{text-decoration:underline}
@media(max-width:36rem){
body{margin:1rem auto}
thead{display:none}
tr{border-bottom:1px solid #8884;display:flex;flex-wrap:wrap;gap:0 1.5rem;padding:.5rem 0}
td{border:0;padding:0}
td+td{font-size:.85rem}
td+td:empty{display:none}
}"""

_PAGE: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{style}
</style>
<h1><bdi>{title}</bdi></h1>
<table>
<thead><tr><th scope="col">Name<th scope="col">Size<th scope="col">Changed (UTC)
<tbody>
{rows}
</table>
{note}</html>
"""


def listing_response(path: str, items: Sequence[Item], *, top: bool, more: bool) -> Response:
    """A page with links to `items`, which are in the folder that the client calls `path`: folders first,
    then by name.

    :param top: whether there is no way up.
    :param more: whether the folder holds more than `items`.
    """
    ordered = sorted(items, key=lambda item: (not item.is_folder, item.name.casefold(), item.name))
    rows = [] if top else ['<tr><td><a href="../">../</a><td><td>']
    rows += map(_row, ordered)
    note = f"<p>These are {len(items)} of the files; there are more.</p>\n" if more else ""
    if not items:
        note = "<p>This folder is empty.</p>\n"
    page = _PAGE.format(title=_shown(path), style=_STYLE, rows="\n".join(rows), note=note)
    return Response(page, content_type="text/html; charset=utf-8", headers=[NOSNIFF, _POLICY])


def _row(item: Item) -> str:
    slash = "/" * item.is_folder
    # "./" keeps a name with a colon from being read as a scheme.
    link = escape("./" + encode_path(item.name) + slash)
    size = "" if item.is_folder else readable_size(item.size)
    return f'<tr><td><a href="{link}"><bdi>{_shown(item.name)}</bdi>{slash}</a><td>{size}<td>{_date(item)}'


def _date(item: Item) -> str:
    try:
        moment = time.gmtime(item.modified)
    except (OverflowError, ValueError, OSError):
        return ""  # some file systems say anything
    day, clock = time.strftime("%Y-%m-%d", moment), time.strftime("%H:%M", moment)
    return f'<time datetime="{day}T{clock}Z">{day} {clock}</time>'


def _shown(text: str) -> str:
    """`text` for a page, without characters that would make it look like another."""
    return escape("".join(c if c.isprintable() or c in _JOINERS else "\ufffd" for c in text))


def readable_size(size: int) -> str:
    """`size` bytes in the largest unit of which there is one at least, such as ``1.5 MiB``."""
    amount, unit = float(size), 0
    while amount >= 1000 and unit < len(_UNITS) - 1:
        amount /= 1024
        unit += 1
    return f"{size} B" if unit == 0 else f"{amount:.{1 if amount < 9.95 else 0}f} {_UNITS[unit]}"
