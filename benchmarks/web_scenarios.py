"""What is measured over HTTP, against what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from scenarios import Target

LoadKind = Literal["wrk", "wrk-json", "wrk-tls", "h2load", "download", "websocket"]


@dataclass(frozen=True, slots=True)
class WebPeer:
    """A server that somebody would otherwise have used."""

    name: str
    command: tuple[str, ...]
    """How it is started; what stands in braces is filled in by ``web_servers``.  Empty: it is Polyport."""
    path: str = ""
    """Where it has what is asked for, unless that is where Polyport has it."""


@dataclass(frozen=True, slots=True)
class WebScenario:
    """One kind of load, and the servers that get it."""

    name: str
    what: str
    load: LoadKind
    path: str
    peers: tuple[WebPeer, ...]
    targets: tuple[Target, ...]
    connections: int = 50
    scraped: bool = False
    """Whether the metrics of Polyport, but not those of its peers, are read once a second."""

    def __str__(self) -> str:
        return f"{self.name}: {self.what}"

    def data(self) -> dict[str, object]:
        """What of it stands in a result."""
        return {"name": self.name, "load": self.load, "connections": self.connections}


def _uvicorn(app: str) -> tuple[str, ...]:
    quick = ("--http", "httptools", "--loop", "uvloop", "--no-access-log", "--log-level", "error")
    return ("{bin}/uvicorn", app, "--port", "{port}", *quick)


def _python(module: str) -> tuple[str, ...]:
    return ("{bin}/python", "-m", f"peers.web.{module}", "{port}", "{folder}")


AIOHTTP = WebPeer("aiohttp", _python("aiohttp_server"))
TWISTED_WEB = WebPeer("twisted.web", _python("twisted_web"))
NGINX = WebPeer("nginx", ("nginx", "-c", "{folder}/nginx.conf"))
GRANIAN = WebPeer(
    "granian",
    (
        "{bin}/granian",
        "--interface=asgi",
        "--loop=uvloop",
        "--no-ws",
        "--log-level=error",
        "--port={port}",
        "peers.web.asgi:hello",
    ),
)
UVICORN = WebPeer("uvicorn", _uvicorn("peers.web.asgi:hello"))
HTTP_SERVER = WebPeer("http.server", _python("http_server"))
UNSCRAPED = WebPeer("Polyport, not scraped", ())

WEB_SCENARIOS = (
    WebScenario(
        "http-hello",
        "50 connections, 13 bytes that a function returns",
        "wrk",
        "/hello",
        (
            GRANIAN,
            UVICORN,
            NGINX,
            AIOHTTP,
            TWISTED_WEB,
            HTTP_SERVER,
        ),
        (Target("granian", 1.3), Target("uvicorn", 2.2), Target("nginx", 0.5)),
    ),
    WebScenario(
        "http-typed",
        "50 connections, JSON in and out, checked against a type",
        "wrk-json",
        "/order",
        (WebPeer("FastAPI on uvicorn", _uvicorn("peers.web.fastapi_app:app")),),
        (Target("FastAPI on uvicorn", 1.5),),
    ),
    WebScenario(
        "http-file",
        "50 connections, a file of 4 KiB",
        "wrk",
        "/files/4k.bin",
        (NGINX, HTTP_SERVER),
        (Target("nginx", 0.35), Target("http.server", 5)),
    ),
    WebScenario(
        "http-1gib",
        "1 connection, a file of 1 GiB (MiB per second)",
        "download",
        "/files/1g.bin",
        (NGINX, HTTP_SERVER),
        (Target("nginx", 0.9),),
        connections=1,
    ),
    WebScenario(
        "https-hello",
        "50 TLS connections, 13 bytes",
        "wrk-tls",
        "/hello",
        (NGINX,),
        (Target("nginx", 0.4),),
    ),
    WebScenario(
        "cgi",
        "10 connections, a CGI script in sh",
        "wrk",
        "/cgi-bin/hello.sh",
        (NGINX,),  # wrk counts what http.server ends with the connection as errors
        (Target("nginx", 0.85),),
        connections=10,
    ),
    WebScenario(
        "proxy",
        "50 connections, passed on to nginx",
        "wrk",
        "/proxy/hello",
        (
            NGINX,
            AIOHTTP,
            TWISTED_WEB,
        ),
        (Target("nginx", 0.25), Target("aiohttp", 2), Target("twisted.web", 2)),
    ),
    WebScenario(
        "websocket",
        "50 connections, one message of 64 bytes in flight on each",
        "websocket",
        "/echo",
        (WebPeer("websockets", _python("websockets_server")),),
        (Target("websockets", 0.8, "cpu_us"),),
    ),
    WebScenario(
        "http2-hello",
        "1 connection, 100 streams, 13 bytes",
        "h2load",
        "/hello",
        (
            WebPeer(
                "hypercorn",
                (
                    "{bin}/hypercorn",
                    "--worker-class=uvloop",
                    "--bind=127.0.0.1:{port}",
                    "--log-level=error",
                    "peers.web.asgi:hello",
                ),
            ),
        ),
        (Target("hypercorn", 1.5),),
        connections=1,
    ),
    WebScenario(
        "http-scraped",
        "50 connections, 13 bytes that a function returns, scraped once a second",
        "wrk",
        "/hello",
        (UNSCRAPED,),
        (Target(UNSCRAPED.name, 0.97), Target(UNSCRAPED.name, 0.97, "cpu_us")),
        scraped=True,
    ),
)
