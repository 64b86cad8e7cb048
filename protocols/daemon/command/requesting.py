"""Carrying out one ``send`` over HTTP: a request for each message, over one connection."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import Any

import click

from protocols.client import TLS, ClientError, Retry
from protocols.client.http import AsyncHTTPClient, Upload
from protocols.daemon.command.client_words import words_of
from protocols.daemon.command.coroutine import run_coroutine
from protocols.daemon.command.exchange import FAILED
from protocols.daemon.command.request_options import RequestOptions
from protocols.daemon.command.standard_output import OutputClosedError, StandardOutput, complain
from protocols.daemon.command.typed_text import typed_text
from protocols.daemon.command.upload_bar import upload_bar

CONTENT_TYPES = {
    "json": "application/json",
    "msgpack": "application/msgpack",
    "text": "text/plain; charset=utf-8",
    "pickle": "application/x-python-pickle",
}
"""What is said of messages; nothing of bytes."""


def request(
    url: str,
    messages: list[bytes],
    codec: str,
    options: RequestOptions,
    tls: TLS | None,
    retry: Retry | None,
    timeout: float,
) -> int:
    """Make the requests one after the other, and return the exit status.

    Raises :class:`click.UsageError` for options that do not go together, or files that cannot be read.
    """
    headers = options.headers()
    try:
        contents = _contents(messages, codec, headers)
        client = AsyncHTTPClient(
            timeout=timeout or None,
            tls=tls,
            retry=retry,
            cookies=options.cookie_jar,
            unix=options.unix_socket,
        )
        with ExitStack() as bars:
            more = _streamed(options, bars)
            if more:
                contents = [more]
            method = options.method or ("POST" if contents != [{}] else "GET")
            return run_coroutine(lambda: _run(client, method, url, headers, contents, options.include))
    except OSError as error:
        raise click.UsageError(f"{error.filename}: {error.strerror}") from None
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _contents(messages: list[bytes], codec: str, headers: dict[str, str]) -> list[dict[str, Any]]:
    to_message = typed_text(codec).to_message
    if messages and codec in CONTENT_TYPES and "content-type" not in map(str.lower, headers):
        headers["Content-Type"] = CONTENT_TYPES[codec]
    return [{"content": to_message(each)} for each in messages] or [{}]


def _streamed(options: RequestOptions, bars: ExitStack) -> dict[str, Any]:
    """What is read while it is sent, if anything."""
    if options.upload is not None:
        return {"content": _upload(options.upload, bars)}
    fields = options.fields()
    if not fields:
        return {}
    parts = {name: _upload(text, bars) if file else text for name, (file, text) in fields.items()}
    return {"form": parts}


def _upload(name: str, bars: ExitStack) -> Upload:
    progress = bars.enter_context(upload_bar(name))
    return Upload(sys.stdin.buffer, progress, "stdin") if name == "-" else Upload(name, progress)


async def _run(
    client: AsyncHTTPClient,
    method: str,
    url: str,
    headers: dict[str, str],
    contents: list[dict[str, Any]],
    include: bool,
) -> int:
    status, output = 0, StandardOutput(b"")
    try:
        async with client:
            for content in contents:
                async with client.stream(method, url, headers=headers, **content) as response:
                    if include:
                        output.write(_head(response))
                    last = b"\n"
                    async for piece in response.aiter_bytes():
                        output.write(piece)
                        last = piece[-1:] or last
                    if "content" in content and last != b"\n":
                        output.write(b"\n")
                if response.is_error:
                    complain(f"{url} answered {response.status_code} {response.reason_phrase}")
                    status = FAILED
    except OutputClosedError:
        pass
    except ClientError as error:
        complain(words_of(error))
        return FAILED
    return status


def _head(response: Any) -> bytes:
    lines = [f"{response.http_version} {response.status_code} {response.reason_phrase}".encode()]
    lines += [name + b": " + value for name, value in response.headers.raw]
    return b"\n".join((*lines, b"", b""))
