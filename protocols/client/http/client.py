"""HTTP clients, sync and async: httpx2, with cookies that stay, uploads, and another attempt where that is
safe."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Self, TypeVar

import httpx2

from protocols.client.blocking import blocking_sleep
from protocols.client.http.cookie_file import CookieFile
from protocols.client.http.outcome import failure, repeated, shown, waits_for
from protocols.client.http.upload import Upload
from protocols.client.immediate import immediate
from protocols.client.retry import ONCE, Retry
from protocols.client.tls import TLS
from protocols.client.values import Values
from protocols.client.wire import Seconds

T = TypeVar("T")

Part = str | bytes | Upload
"""One field of a form."""


class _Settings:
    """What both clients are made with.

    :param base: what paths such as ``/price`` are added to.
    :param timeout: seconds for each step: connecting, a piece that is sent, a piece that comes; ``None`` for
        ever.
    :param tls: whom to believe, and what to show, with ``https://``.
    :param retry: how often to make a request in all that is idempotent (RFC 9110, section 9.2.2), when it
        fails or the server asks for that (429, 502, 503, 504, with ``Retry-After``); ``None``: once.
    :param cookies: a file for them, read now and written by :meth:`close`; ``None``: they end with the
        client.
    :param unix: the path of a Unix socket that every connection goes to, whatever the URL.
    :param headers: sent with each request.
    :param follow_redirects: whether to go where a response leads.

    Raises :class:`ValueError` and :class:`OSError` for settings that make no sense, or cannot be read.
    """

    def __init__(
        self,
        base: str = "",
        *,
        timeout: Seconds = 10.0,
        tls: TLS | None = None,
        retry: Retry | None = None,
        cookies: Path | str | None = None,
        unix: Path | str | None = None,
        headers: Mapping[str, str] | None = None,
        follow_redirects: bool = False,
    ) -> None:
        self._retry = retry or ONCE
        self._cookies = None if cookies is None else CookieFile(cookies)
        self._transport: dict[str, Any] = {
            "verify": (tls or TLS()).context(check_hostname=True),
            "uds": None if unix is None else str(unix),
        }
        self._options: dict[str, Any] = {
            "base_url": base,
            "timeout": timeout,
            "headers": headers,
            "follow_redirects": follow_redirects,
            "cookies": None if self._cookies is None else self._cookies.jar,
        }

    def _keep_cookies(self) -> None:
        if self._cookies is not None:
            self._cookies.save()


class _Content:
    """What a request carries, for as many attempts as are made."""

    def __init__(
        self,
        content: bytes | Upload | None,
        value: object,
        form: Mapping[str, Part] | None,
        headers: Mapping[str, str] | None,
    ) -> None:
        if sum(each is not None for each in (content, value, form)) > 1:
            raise ValueError("a request has one of content=, value= and form=")
        self._content = content
        self._form = form or {}
        self._headers = dict(headers or {})
        self._uploads = [each for each in (content, *self._form.values()) if isinstance(each, Upload)]
        self.repeatable = all(each.repeatable for each in self._uploads)
        if value is not None:
            self._content = Values("", "json").encode(value)
            self._headers.setdefault("Content-Type", "application/json")

    def arguments(self, *, asynchronous: bool) -> dict[str, Any]:
        """For one attempt."""
        for upload in self._uploads:
            upload.rewind()
        headers, content = dict(self._headers), self._content
        if isinstance(content, Upload):
            if content.length is not None:
                headers["Content-Length"] = str(content.length)
            pieces = content.pieces_async() if asynchronous else content.pieces()
            return {"headers": headers, "content": pieces}
        files = {
            name: (part.name, part) if isinstance(part, Upload) else (None, part)
            for name, part in self._form.items()
        }
        return {"headers": headers, "content": content, "files": files or None}

    def close(self) -> None:
        for upload in self._uploads:
            upload.close()


class HTTPClient(_Settings):
    """HTTP/1.1 for plain scripts; connections are kept and used again."""

    def __init__(self, base: str = "", **settings: Any) -> None:
        super().__init__(base, **settings)
        self._client = httpx2.Client(transport=httpx2.HTTPTransport(**self._transport), **self._options)

    def request(self, method: str, url: str, **what: Any) -> httpx2.Response:
        """The whole response, whatever its status.

        :param content: bytes, or an :class:`Upload`, which is sent as it is read.
        :param value: sent as JSON instead: whatever pydantic knows.
        :param form: fields by name, sent as ``multipart/form-data`` instead; an :class:`Upload` is a file.
        :param headers: sent too.

        Raises :class:`~protocols.client.errors.ClientError`.
        """
        with self.stream(method, url, **what) as response:
            response.read()
            return response

    @contextmanager
    def stream(
        self,
        method: str,
        url: str,
        *,
        content: bytes | Upload | None = None,
        value: object = None,
        form: Mapping[str, Part] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Iterator[httpx2.Response]:
        """As :meth:`request`, but the body is still to come: ``for piece in response.iter_bytes()``."""
        carried = _Content(content, value, form, headers)

        async def attempt() -> httpx2.Response:
            request = self._client.build_request(method, url, **carried.arguments(asynchronous=False))
            return self._client.send(request, stream=True)

        async def discard(response: httpx2.Response) -> None:
            response.close()

        target = self._client.build_request(method, url).url
        waits = waits_for(self._retry, method, repeatable=carried.repeatable)
        try:
            response = immediate(repeated(attempt, discard, blocking_sleep, waits, target))
            try:
                yield response
            except httpx2.TransportError as error:
                raise failure(target, error) from None
            finally:
                response.close()
        finally:
            carried.close()

    def get(self, url: str, **what: Any) -> httpx2.Response:
        """``GET``."""
        return self.request("GET", url, **what)

    def post(self, url: str, **what: Any) -> httpx2.Response:
        """``POST``, which is never repeated."""
        return self.request("POST", url, **what)

    def ask(self, url: str, value: object, form: type[T]) -> T:
        """``POST`` `value` as JSON, and return the answer as a `form`.

        Raises :class:`~protocols.client.errors.ProblemError` for a problem document (RFC 9457),
        :class:`~protocols.client.errors.ReplyError` for what is neither.
        """
        return _answer(self.post(url, value=value), form)

    def close(self) -> None:
        """Close the connections, and write the cookies."""
        self._client.close()
        self._keep_cookies()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


class AsyncHTTPClient(_Settings):
    """HTTP/1.1 for asyncio; connections are kept and used again."""

    def __init__(self, base: str = "", **settings: Any) -> None:
        super().__init__(base, **settings)
        transport = httpx2.AsyncHTTPTransport(**self._transport)
        self._client = httpx2.AsyncClient(transport=transport, **self._options)

    async def request(self, method: str, url: str, **what: Any) -> httpx2.Response:
        """As :meth:`HTTPClient.request`."""
        async with self.stream(method, url, **what) as response:
            await response.aread()
            return response

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        url: str,
        *,
        content: bytes | Upload | None = None,
        value: object = None,
        form: Mapping[str, Part] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncIterator[httpx2.Response]:
        """As :meth:`HTTPClient.stream`: ``async for piece in response.aiter_bytes()``."""
        carried = _Content(content, value, form, headers)

        async def attempt() -> httpx2.Response:
            request = self._client.build_request(method, url, **carried.arguments(asynchronous=True))
            return await self._client.send(request, stream=True)

        target = self._client.build_request(method, url).url
        waits = waits_for(self._retry, method, repeatable=carried.repeatable)
        try:
            response = await repeated(attempt, httpx2.Response.aclose, asyncio.sleep, waits, target)
            try:
                yield response
            except httpx2.TransportError as error:
                raise failure(target, error) from None
            finally:
                await response.aclose()
        finally:
            carried.close()

    async def get(self, url: str, **what: Any) -> httpx2.Response:
        """``GET``."""
        return await self.request("GET", url, **what)

    async def post(self, url: str, **what: Any) -> httpx2.Response:
        """``POST``, which is never repeated."""
        return await self.request("POST", url, **what)

    async def ask(self, url: str, value: object, form: type[T]) -> T:
        """As :meth:`HTTPClient.ask`."""
        return _answer(await self.post(url, value=value), form)

    async def close(self) -> None:
        """Close the connections, and write the cookies."""
        await self._client.aclose()
        self._keep_cookies()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()


def _answer(response: httpx2.Response, form: type[T]) -> T:
    return Values(shown(response.request.url), "json").decode(response.content, form)
