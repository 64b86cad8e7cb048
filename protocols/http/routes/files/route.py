"""A route that serves the files of a folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from twisted.internet.defer import Deferred

from protocols.handlers.threads import ThreadPool
from protocols.http.errors import HTTPError
from protocols.http.request import Request
from protocols.http.response import Response
from protocols.http.routes.files.delivery import Delivery
from protocols.http.routes.files.folder import Folder, Item, Symlinks
from protocols.http.routes.files.listing import listing_response
from protocols.http.routes.files.memory import MEMORY, Memory
from protocols.http.routes.files.open_file import THREADS
from protocols.http.target import encode_path

INDEX: Final = ("index.html",)
"""The files that stand for their folder, unless others are named."""

LISTED: Final = 10_000
"""Names on the page that lists a folder: a megabyte of page or so."""


class FilesRoute:
    """Serves what is below `folder`.

    Names are looked up in the reactor's thread, as nginx does it; what is not in memory is read, listed
    and compressed in threads.

    :param reactor: tells the time, and gets results from threads.
    :param index: names of the files that stand for a folder; the first that exists is sent.
    :param listing: whether a folder without one is shown as a list.
    :param symlinks: which symbolic links are followed.
    :param dotfiles: whether names that begin with a dot are shown.
    :param cache_control: the Cache-Control field of every file (RFC 9111, section 5.2), which is sent as
        it is.
    :param precompressed: whether ``.zst``, ``.br`` and ``.gz`` files beside a file are sent for it.
    :param compress: whether texts are compressed for clients that want it.
    :param memory: bytes of small files that are kept in memory.

    Raises :class:`OSError` if `folder` is not a folder that can be read, and :class:`ValueError` for a
    `cache_control` that cannot stand in a header.
    """

    methods = ("GET", "HEAD")
    subtree = True
    streams = False

    def __init__(
        self,
        folder: str | Path,
        index: Sequence[str] = INDEX,
        *,
        reactor: Any,
        listing: bool = False,
        symlinks: Symlinks = "none",
        dotfiles: bool = False,
        cache_control: str | None = None,
        precompressed: bool = True,
        compress: bool = True,
        memory: int = MEMORY,
    ) -> None:
        self._folder = Folder(folder, symlinks=symlinks, dotfiles=dotfiles)
        self._index = tuple(index)
        self._listing = listing
        self._threads = ThreadPool(reactor, THREADS, "files")
        self._delivery = Delivery(
            Memory(memory),
            self._threads,
            reactor,
            headers=[] if cache_control is None else [("Cache-Control", cache_control)],
            precompressed=precompressed,
            compress=compress,
        )

    def respond(self, request: Request, rest: str) -> Response | Deferred[Response]:
        return self._delivery.from_memory(request, rest) or self._look_up(request, rest)

    def stop(self) -> None:
        """End the threads."""
        self._threads.stop()

    def _look_up(self, request: Request, rest: str) -> Response | Deferred[Response]:
        names = self._folder.names(rest)
        if names is None:
            raise HTTPError(404)
        named_as_folder = not rest or rest.endswith("/")
        with self._folder.visit() as visit:
            found = visit.find(names)
            if found is None or (named_as_folder and not found.is_folder):
                raise HTTPError(404)
            if not found.is_folder:
                return self._delivery.send(request, rest, visit, found, names[-1])
            if not named_as_folder:
                return _add_slash(request)
            for name in self._index:
                index = visit.beside(found, name)
                if index is not None and not index.is_folder:
                    return self._delivery.send(request, rest, visit, index, name)
        if not self._listing:
            raise HTTPError(404)
        return self._list(request, names)

    def _list(self, request: Request, names: list[str]) -> Deferred[Response]:
        def respond(items: list[Item] | None) -> Response:
            if items is None:
                raise HTTPError(404)
            return listing_response(request.path, items[:LISTED], top=not names, more=len(items) > LISTED)

        return self._threads.call(self._folder.items, names, LISTED + 1).addCallback(respond)


def _add_slash(request: Request) -> Response:
    # The path has been looked up below the folder, so it cannot begin with two slashes.
    query = str(request.query)
    place = encode_path(request.path) + "/" + (f"?{query}" if query else "")
    return Response(status=308, headers=[("Location", place)])
