"""A page that lists a folder."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from protocols.http.target import encode_path

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<h1>{title}</h1>
<ul>
{items}
</ul>
{more}</html>
"""


def listing_page(path: str, names: Sequence[str], *, top: bool, more: bool) -> str:
    """HTML with links to `names`, below the folder that the client calls `path`.

    :param top: whether there is no way up.
    :param more: whether the folder has names that are not among them.
    """
    # "./" keeps a name with a colon from being read as a scheme.
    links = [] if top else ["../"]
    items = [(name, "./" + encode_path(name)) for name in names]
    lines = [f'<li><a href="{link}">{link}</a></li>' for link in links]
    lines += [f'<li><a href="{escape(link)}">{escape(name)}</a></li>' for name, link in items]
    return _PAGE.format(
        title=escape(path),
        items="\n".join(lines),
        more="<p>There are more.</p>\n" if more else "",
    )
