"""WSGI, ASGI and twisted.web in a daemon of its own, from the start to the stop."""

from __future__ import annotations

import re

import httpx
import pytest

YAML = """
services:
  web:
    listen: tcp://127.0.0.1:0
    http:
      /wsgi/: {wsgi: "functions:wsgi"}
      /asgi/: {asgi: "functions:asgi"}
      /resource/: {resource: "functions:root"}
  echo: {listen: "tcp://127.0.0.1:0", builtin: echo}
"""
FUNCTIONS = """
import asyncio
from twisted.web.resource import Resource

def wsgi(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ["PATH_INFO"].encode()]

async def asgi(scope, receive, send):
    if scope["type"] == "lifespan":
        assert (await receive())["type"] == "lifespan.startup"
        await asyncio.sleep(0)
        scope["state"]["said"] = "started"
        await send(%s)
        assert (await receive())["type"] == "lifespan.shutdown"
        await asyncio.sleep(0)
        print("application is down", flush=True)
        await send({"type": "lifespan.shutdown.complete"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["state"]["said"].encode()})

class Root(Resource):
    isLeaf = True
    def render_GET(self, request):
        return b"/".join(request.postpath)

root = Root()
"""
COMPLETE = '{"type": "lifespan.startup.complete"}'
FAILED = '{"type": "lifespan.startup.failed", "message": "no database"}'


pytestmark = pytest.mark.usefixtures("asyncio_inside")


def test_all_three(written, real_daemon):
    daemon = real_daemon(written(YAML, FUNCTIONS % COMPLETE)).ready()
    # Nothing listens before the application is ready, which the log says last.
    assert re.search(r"listening on[\s\S]*ready", daemon.output)
    base = f"http://127.0.0.1:{daemon.port('web')}"
    with httpx.Client(base_url=base) as client:
        assert client.get("/wsgi/a").text == "/a"
        assert client.get("/asgi/").text == "started"
        assert client.get("/resource/a/b").text == "a/b"
    assert daemon.stop() == 0
    assert "application is down" in daemon.output
    assert daemon.errors == ""


def test_an_application_that_does_not_start_stops_the_daemon(written, real_daemon):
    daemon = real_daemon(written(YAML, FUNCTIONS % FAILED))
    assert daemon.status() == 1
    assert "cannot start: web: functions:asgi does not start: no database" in daemon.output
    assert "listening on" not in daemon.output
    assert "ready" not in daemon.output


def test_a_stop_while_an_application_starts(written, real_daemon):
    functions = FUNCTIONS.replace(
        "asyncio.sleep(0)\n        scope", "asyncio.sleep(print('starting', flush=True) or 60)\n        scope"
    )
    daemon = real_daemon(written(YAML, functions % COMPLETE))
    daemon.expect("starting$")
    assert daemon.stop() == 0
    assert "cannot start" not in daemon.output
