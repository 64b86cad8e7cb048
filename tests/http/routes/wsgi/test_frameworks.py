"""Flask and Django, over the loopback and a Unix socket."""

from __future__ import annotations

import socket
import struct
import sys
from io import BytesIO
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import django
import httpx
import pytest
import pytest_twisted
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.urls import path, reverse
from flask import Flask, abort, redirect, request, send_file, session, stream_with_context, url_for
from twisted.internet.threads import deferToThread

from protocols.http import HTTPFactory, WSGIRoute

LARGE = bytes(range(256)) * 8192

flask = Flask("shop")
flask.secret_key = "only a test's"


@flask.route("/")
def top() -> str:
    session["visits"] = session.get("visits", 0) + 1
    return f"{url_for('top')} {session['visits']} {request.environ['REMOTE_ADDR'] or 'nobody'}"


@flask.route("/upload", methods=["POST"])
def upload() -> str:
    return f"{len(request.files['file'].read())} {request.form['name']}"


@flask.route("/raw", methods=["POST"])
def raw() -> str:
    return str(len(request.stream.read()))


@flask.route("/count")
def count() -> Any:
    return stream_with_context(f"{number} {request.path}\n" for number in range(500)), {"X-A": "1"}


@flask.route("/file")
def file() -> Any:
    return send_file(BytesIO(LARGE), mimetype="application/octet-stream")


@flask.route("/go")
def go() -> Any:
    return redirect(url_for("top"))


@flask.route("/broken")
def broken() -> str:
    abort(418)


SAID: SimpleQueue[str] = SimpleQueue()


def endless(environ: Any, start_response: Any) -> Any:
    """Sends for ever, or reads for ever."""
    start_response("200 OK", [])
    SAID.put("begun")
    try:
        if environ["REQUEST_METHOD"] == "POST":
            environ["wsgi.input"].read()
        while True:
            yield b"x" * 10_000
    finally:
        SAID.put(type(sys.exception()).__name__)


class URLs:
    """What Django takes for its module of URLs."""

    urlpatterns = (
        path("", lambda request: HttpResponse(reverse("top")), name="top"),
        path("form", lambda request: HttpResponse(request.POST["a"])),
        path("stream", lambda request: StreamingHttpResponse(str(n) for n in range(500))),
        path("file", lambda request: FileResponse(BytesIO(LARGE))),
        path("body", lambda request: HttpResponse(str(len(request.body)))),
    )


settings.configure(ROOT_URLCONF=URLs, ALLOWED_HOSTS=["*"], SECRET_KEY="only a test's", USE_TZ=True)
django.setup()


@pytest_twisted.async_yield_fixture
async def served(journal, tmp_path: Path):
    """The port, and the path of the socket, on which both are."""
    from twisted.internet import reactor

    routes = {
        path: WSGIRoute(application, reactor=reactor, journal=journal)
        for path, application in (("/flask/", flask), ("/django/", WSGIHandler()), ("/endless", endless))
    }
    factory = HTTPFactory(routes, journal=journal, clock=reactor)
    port = reactor.listenTCP(0, factory, interface="127.0.0.1")
    unix = reactor.listenUNIX(str(tmp_path / "app.sock"), factory)
    yield port.getHost().port, str(tmp_path / "app.sock")
    await port.stopListening()
    await unix.stopListening()
    gone = factory.drain()
    factory.abort()
    await gone
    factory.stop()


@pytest_twisted.ensureDeferred
async def test_flask(served: tuple[int, str]) -> None:
    def ask() -> None:
        with httpx.Client(base_url=f"http://127.0.0.1:{served[0]}/flask") as client:
            assert client.get("/").text == "/flask/ 1 127.0.0.1"
            assert client.get("/").text == "/flask/ 2 127.0.0.1"
            head = client.head("/")
            assert (head.text, head.headers["content-length"]) == ("", "19")
            files = {"file": ("a.bin", LARGE[:500_000])}
            assert client.post("/upload", files=files, data={"name": "ann"}).text == "500000 ann"
            assert client.post("/raw", content=(b"x" * 10_000 for _ in range(50))).text == "500000"
            counted = client.get("/count")
            assert counted.text == "".join(f"{number} /count\n" for number in range(500))
            assert counted.headers["x-a"] == "1"
            assert client.get("/file").content == LARGE
            assert client.get("/go").headers["location"] == "/flask/"
            assert client.get("/broken").status_code == 418
            assert client.get("/none").status_code == 404
            assert client.post("/").status_code == 405
            assert client.post("/raw", content=(b"x" * 100_000 for _ in range(20))).status_code == 413

    await deferToThread(ask)


@pytest_twisted.ensureDeferred
async def test_django(served: tuple[int, str]) -> None:
    def ask() -> None:
        with httpx.Client(base_url=f"http://127.0.0.1:{served[0]}/django") as client:
            assert client.get("/").text == "/django/"
            assert client.post("/form", data={"a": "1 2"}).text == "1 2"
            assert client.get("/stream").text == "".join(map(str, range(500)))
            assert client.get("/file").content == LARGE
            assert client.post("/body", content=b"x" * 700_000).text == "700000"
            assert client.get("/none").status_code == 404

    await deferToThread(ask)


@pytest_twisted.ensureDeferred
async def test_a_unix_socket(served: tuple[int, str]) -> None:
    def ask() -> None:
        with httpx.Client(transport=httpx.HTTPTransport(uds=served[1]), base_url="http://shop") as client:
            assert client.get("/flask/").text == "/flask/ 1 nobody"

    await deferToThread(ask)


@pytest.mark.parametrize(("method", "ended"), [("PUT", "GeneratorExit"), ("POST", "ContentError")])
@pytest_twisted.ensureDeferred
async def test_a_client_that_resets_its_connection(served: tuple[int, str], method: str, ended: str) -> None:
    def ask() -> str:
        with socket.create_connection(("127.0.0.1", served[0]), 10) as sock:
            head = f"{method} /endless HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            sock.sendall(head.encode() + b"5\r\nhello\r\n")
            assert SAID.get(timeout=10) == "begun"
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return SAID.get(timeout=10)

    assert await deferToThread(ask) == ended
