"""How a file that was found is sent: from memory, or piece by piece."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from twisted.internet.defer import Deferred

from protocols.handlers.threads import ThreadPool
from protocols.http.compression import CompressedSource, compress
from protocols.http.content_coding import IDENTITY, VARY
from protocols.http.errors import HTTPError
from protocols.http.request import Request
from protocols.http.response import Response
from protocols.http.routes.files.conditions import Version
from protocols.http.routes.files.file_source import FileSource, Span
from protocols.http.routes.files.folder import Found, Visit
from protocols.http.routes.files.kept import FRESH, SMALL, Form, Kept, wanted_coding
from protocols.http.routes.files.memory import Memory
from protocols.http.routes.files.open_file import OpenFile
from protocols.http.routes.files.representation import Pair, Representation
from protocols.http.routes.files.variants import Variants, state_of, variants_of
from protocols.http.source import Source


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file, and the form of it that a request is for."""

    request: Request
    rest: str
    variants: Variants
    coding: str

    @property
    def stored(self) -> str:
        """The form that is read: this one, or the file itself where it is compressed while it is sent."""
        return self.coding if self.coding in self.variants.files else IDENTITY


class Delivery:
    """Sends files.

    :param threads: for what would hold up the reactor.
    :param clock: tells the time: a reactor.
    :param headers: header fields that are sent with every file.
    :param precompressed: whether files beside a file are sent for it.
    :param compress: whether files may be compressed while they are sent.

    Raises :class:`ValueError` for `headers` that are none.
    """

    def __init__(
        self,
        memory: Memory,
        threads: ThreadPool,
        clock: Any,
        *,
        headers: Sequence[Pair] = (),
        precompressed: bool = True,
        compress: bool = True,
    ) -> None:
        self._memory = memory
        self._threads = threads
        self._clock = clock
        self._headers = Response(headers=headers).headers  # which checks them
        self._precompressed = precompressed
        self._compress = compress

    def from_memory(self, request: Request, rest: str) -> Response | None:
        """The answer to `request`, if it is here and was up to date a moment ago.

        Raises :class:`HTTPError` as :meth:`Representation.reply` does.
        """
        kept = self._memory.get(rest)
        if kept is None or self._clock.seconds() >= kept.until:
            return None
        return kept.answer(request)

    def send(
        self, request: Request, rest: str, visit: Visit, found: Found, name: str
    ) -> Response | Deferred[Response]:
        """The answer to `request`, which asked for `name` and so for the file that was `found`.

        :param rest: what it is kept by.
        """
        variants = variants_of(visit, found, name, precompressed=self._precompressed, compress=self._compress)
        wanted = Wanted(request, rest, variants, wanted_coding(request, variants.offers))
        kept = self._memory.get(rest)
        if kept is not None and kept.state == variants.state:
            kept.until = self._clock.seconds() + FRESH
            form = self._form(wanted, kept, variants.files[wanted.stored].status)
            if form is not None:
                self._memory.put(rest, kept)
                return form.answer(request)
        return self._open(wanted, visit)

    def _open(self, wanted: Wanted, visit: Visit) -> Response | Deferred[Response]:
        opened = visit.open(wanted.variants.files[wanted.stored])
        if opened is None:
            raise HTTPError(404)
        descriptor, status = opened
        file = OpenFile(descriptor, self._threads)
        try:
            return (self._load if status.st_size <= SMALL else self._stream)(wanted, file, status)
        except BaseException:
            file.close()
            raise

    def _representation(
        self, wanted: Wanted, coding: str, status: os.stat_result, size: int | None
    ) -> Representation:
        varying = [VARY] if wanted.variants.offers else []
        version = Version.of(status).coded(coding)
        headers = (*varying, *self._headers)
        return Representation(version, wanted.variants.content_type, coding, size, headers)

    # -- large files ---------------------------------------------------------------------------------

    def _stream(self, wanted: Wanted, file: OpenFile, status: os.stat_result) -> Response:
        compressed = wanted.coding != wanted.stored
        size = None if compressed else status.st_size
        reply = self._representation(wanted, wanted.coding, status, size).reply(wanted.request)
        if reply.plan is None:
            file.close()
            return reply.response(b"")
        plan = (Span(0, status.st_size),) if compressed else reply.plan
        source: Source = FileSource(file, plan)
        if compressed:
            source = CompressedSource(source, wanted.coding, self._threads)
        return reply.response(source)

    # -- small files ---------------------------------------------------------------------------------

    def _load(self, wanted: Wanted, file: OpenFile, status: os.stat_result) -> Response | Deferred[Response]:
        def close(outcome: Any) -> Any:
            file.close()
            return outcome

        content = file.whole(status.st_size)
        if isinstance(content, Deferred):
            return content.addBoth(close).addCallback(lambda content: self._loaded(wanted, status, content))
        file.close()
        return self._loaded(wanted, status, content)

    def _loaded(self, wanted: Wanted, status: os.stat_result, content: bytes) -> Response:
        if len(content) != status.st_size:
            raise HTTPError(503, "The file is being changed", {"Retry-After": "1"})
        stored, variants = wanted.stored, wanted.variants
        kept = self._memory.get(wanted.rest)
        if kept is None or kept.state != variants.state:
            kept = Kept(variants, self._clock.seconds() + FRESH)
        kept.add(stored, Form(self._representation(wanted, stored, status, len(content)), content))
        form = self._form(wanted, kept, status)
        assert form is not None  # it is the one that was read, or is made of it
        if state_of(stored, status) in variants.state:
            self._memory.put(wanted.rest, kept)
        return form.answer(wanted.request)

    def _form(self, wanted: Wanted, kept: Kept, status: os.stat_result) -> Form | None:
        """The form that is wanted, compressed now if it has not been."""
        form, coding = kept.form(wanted.coding), wanted.coding
        plain = kept.form(IDENTITY)
        if form is None and plain is not None and coding != wanted.stored:
            content = compress(plain.content, coding)
            form = Form(self._representation(wanted, coding, status, len(content)), content)
            kept.add(coding, form)
        return form
