"""HTTP/2 over the loopback, with clients that others have written."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
import trustme
from twisted.internet.threads import deferToThread

from protocols.guard import ServerTLS, TLSFactory
from protocols.http import (
    ALPN,
    HTTPFactory,
    Limits,
    Request,
    Response,
    StreamingRequest,
    function_route,
)
from protocols.journal import Journal

LARGE = bytes(range(256)) * 8192


async def count(request: StreamingRequest) -> Response:
    total = 0
    async for piece in request.body:
        total += len(piece)
    return Response(f"{total} over {request.scheme} {request.version}")


def large(request: Request) -> Response:
    return Response(LARGE)


def hello(request: Request) -> str:
    return f"hello {request.host.partition(':')[0]}"


@pytest_twisted.async_yield_fixture
async def ports(tmp_path: Path):
    """The ports on which a factory listens, plain and with TLS."""
    from twisted.internet import reactor

    (tmp_path / "large").write_bytes(LARGE)
    authority, journal = trustme.CA(), Journal("web")
    issued = authority.issue_cert("localhost")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "site.pem")
    issued.private_key_pem.write_to_path(tmp_path / "site.key")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    routes = {
        "/large": function_route(large, reactor=reactor, journal=journal),
        "/count": function_route(count, reactor=reactor, journal=journal),
        "/hello": function_route(hello, reactor=reactor, journal=journal),
    }
    limits = Limits(body=4_000_000, requests=10**6)
    factory = HTTPFactory(routes, journal=journal, clock=reactor, limits=limits)
    plain = reactor.listenTCP(0, factory, interface="127.0.0.1")
    context = ServerTLS.of(tmp_path / "site.pem", tmp_path / "site.key", ALPN)
    tls = reactor.listenTCP(
        0, TLSFactory(context, factory, journal=journal, clock=reactor), interface="127.0.0.1"
    )
    yield plain.getHost().port, tls.getHost().port
    await plain.stopListening()
    await tls.stopListening()
    gone = factory.drain()
    factory.abort()
    await gone
    factory.stop()


@pytest.fixture
def run(tmp_path: Path):
    """Run a program in the folder, in a thread, and return what it says."""

    def run(*command: str) -> Any:
        if shutil.which(command[0]) is None:
            pytest.skip(f"there is no {command[0]} here")
        return deferToThread(
            lambda: subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=30, check=True).stdout
        )

    return run


def curl(url: str, *options: str) -> tuple[str, ...]:
    return "curl", "-sS", "--cacert", "ca.pem", "-w", " %{http_version} %{http_code}", *options, url


@pytest_twisted.ensureDeferred
async def test_curl_with_prior_knowledge(ports, run) -> None:
    url = f"http://127.0.0.1:{ports[0]}"
    assert await run(*curl(f"{url}/hello", "--http2-prior-knowledge")) == b"hello 127.0.0.1 2 200"
    assert await run(*curl(f"{url}/large", "--http2-prior-knowledge")) == LARGE + b" 2 200"
    sent = await run(*curl(f"{url}/count", "--http2-prior-knowledge", "--data-binary", "@large"))
    assert sent == b"2097152 over http 2 2 200"
    assert await run(*curl(f"{url}/hello", "--http2")) == b"hello 127.0.0.1 1.1 200"  # no Upgrade


@pytest_twisted.ensureDeferred
async def test_curl_over_tls(ports, run) -> None:
    url = f"https://localhost:{ports[1]}"
    assert await run(*curl(f"{url}/hello")) == b"hello localhost 2 200"
    assert await run(*curl(f"{url}/hello", "--http1.1")) == b"hello localhost 1.1 200"
    assert await run(*curl(f"{url}/hello", "--no-alpn")) == b"hello localhost 1.1 200"
    assert await run(*curl(f"{url}/large")) == LARGE + b" 2 200"
    assert await run(*curl(f"{url}/count", "-T", "large", "-X", "POST")) == b"2097152 over https 2 2 200"


@pytest_twisted.ensureDeferred
async def test_many_clients_with_many_streams(ports, run) -> None:
    for scheme, port in zip(("http", "https"), ports, strict=True):
        url = f"{scheme}://127.0.0.1:{port}"
        said = await run("h2load", "-n", "600", "-c", "3", "-m", "50", f"{url}/hello", f"{url}/hello?2")
        assert b"600 succeeded, 0 failed, 0 errored, 0 timeout" in said
        assert b"600 2xx" in said


@pytest_twisted.ensureDeferred
async def test_large_files_side_by_side(ports, run) -> None:
    url = f"http://127.0.0.1:{ports[0]}/large"
    said = await run("h2load", "-n", "12", "-c", "2", "-m", "6", "-w", "20", url)
    assert b"12 succeeded, 0 failed" in said
    assert f"({12 * len(LARGE)}) data".encode() in said


@pytest_twisted.ensureDeferred
async def test_nghttp_finds_nothing_wrong(ports, run) -> None:
    url = f"http://127.0.0.1:{ports[0]}"
    said = await run("nghttp", "-nv", "--expect-continue", "-d", "large", f"{url}/count")
    assert b":status: 100" in said
    assert b":status: 200" in said
    assert b"RST_STREAM" not in said
    assert b"error_code=NO_ERROR" in said
