"""A route that serves the files of a folder."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from protocols.http.errors import HTTPError
from protocols.http.request import Request
from protocols.http.response import Response
from protocols.http.routes.files.conditions import Version, unchanged, wanted_range
from protocols.http.routes.files.folder import FileSource, Folder
from protocols.http.routes.files.listing import listing_page
from protocols.http.routes.files.media_types import media_type
from protocols.http.target import encode_path

INDEX = ("index.html",)
"""The files that stand for their folder, unless others are named."""

LISTED = 1000
"""Names on the page that lists a folder: reading them is not to hold up everybody else."""

NOSNIFF = ("X-Content-Type-Options", "nosniff")
"""The type is what we say, not what a browser guesses from the bytes (WHATWG Fetch, section 3.6)."""


class FilesRoute:
    """Serves what is below `folder`.

    :param index: names of the files that stand for a folder; the first that exists is sent.
    :param listing: whether a folder without one is shown as a list.

    Raises :class:`OSError` if `folder` is not a folder that can be read.
    """

    methods = ("GET", "HEAD")
    subtree = True
    streams = False

    def __init__(self, folder: str | Path, index: Sequence[str] = INDEX, *, listing: bool = False) -> None:
        self._folder = Folder(folder)
        self._index = tuple(index)
        self._listing = listing

    def respond(self, request: Request, rest: str) -> Response:
        path = self._folder.locate(rest)
        if path is None:
            raise HTTPError(404)
        named_as_folder = not rest or rest.endswith("/")
        if Path(path).is_dir():
            if not named_as_folder:
                return self._add_slash(request)
            return self._send_folder(request, rest, path)
        response = None if named_as_folder else self._send(request, path, rest.rpartition("/")[2])
        if response is None:
            raise HTTPError(404)
        return response

    def stop(self) -> None:
        """Nothing runs."""

    def _add_slash(self, request: Request) -> Response:
        # The path has been looked up below the folder, so it cannot begin with two slashes.
        query = str(request.query)
        place = encode_path(request.path) + "/" + (f"?{query}" if query else "")
        return Response(status=308, headers=[("Location", place)])

    def _send_folder(self, request: Request, rest: str, path: str) -> Response:
        for name in self._index:
            found = self._folder.locate(rest + name)
            response = None if found is None else self._send(request, found, name)
            if response is not None:
                return response
        names = self._folder.names(path, LISTED + 1) if self._listing else None
        if names is None:
            raise HTTPError(404)
        page = listing_page(request.path, names[:LISTED], top=not rest, more=len(names) > LISTED)
        return Response(page, content_type="text/html; charset=utf-8", headers=[NOSNIFF])

    def _send(self, request: Request, path: str, name: str) -> Response | None:
        opened = self._folder.open(path)
        if opened is None:
            return None
        descriptor, found = opened
        try:
            response, start, length = _head(request, found, name)
        except BaseException:
            os.close(descriptor)
            raise
        if length is None:
            os.close(descriptor)
            return response
        source = FileSource(descriptor, start, length)
        return Response(source, response.status, media_type(name), response.headers)


def _head(request: Request, found: os.stat_result, name: str) -> tuple[Response, int, int | None]:
    """The response without its body; which byte that begins with, and its length, ``None`` for no body."""
    version = Version(f'"{found.st_mtime_ns:x}-{found.st_size:x}-{found.st_ino:x}"', int(found.st_mtime))
    headers = version.headers()
    if unchanged(request, version):
        return Response(status=304, headers=headers), 0, None
    headers += [NOSNIFF, ("Accept-Ranges", "bytes")]
    part = wanted_range(request, version, found.st_size)
    if part is None:
        return Response(status=200, headers=headers), 0, found.st_size
    start, length = part
    headers.append(("Content-Range", f"bytes {start}-{start + length - 1}/{found.st_size}"))
    return Response(status=206, headers=headers), start, length
