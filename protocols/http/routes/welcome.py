"""A page that says what is running, for people who have just started it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from string import Template
from typing import Final

from protocols.http.errors import HTTPError
from protocols.http.request import Request
from protocols.http.response import Response

HTML: Final = "text/html; charset=utf-8"

HEADERS: Final = (
    # Nothing of it comes from elsewhere, and nothing of it is to run.
    ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
    ("X-Content-Type-Options", "nosniff"),
    # After the next start it may say something else.
    ("Cache-Control", "no-store"),
)


@dataclass(frozen=True, slots=True)
class Way:
    """One route of a service."""

    path: str
    answers: str
    """What answers, in a few words."""
    opens: bool
    """Whether a browser that goes there sees something."""


@dataclass(frozen=True, slots=True)
class Served:
    """One service, as the page shows it."""

    name: str
    addresses: tuple[str, ...]
    answers: str
    """What answers, in a few words."""
    site: str = ""
    """Where a browser finds it, without a slash at the end; empty for what no browser can talk to."""
    ways: tuple[Way, ...] = ()
    example: str = ""
    """A command that says something to it."""


class WelcomeRoute:
    """Shows `services`, and where to go next."""

    methods = ("GET", "HEAD")
    subtree = False
    streams = False

    def __init__(self, services: Sequence[Served]) -> None:
        self._response = Response(welcome_page(services), content_type=HTML, headers=HEADERS)

    def respond(self, request: Request, rest: str) -> Response:
        if rest:
            raise HTTPError(404)
        return self._response

    def stop(self) -> None:
        """Nothing runs."""


def welcome_page(services: Sequence[Served]) -> str:
    """The page, as HTML."""
    template = Template(files(__package__).joinpath("welcome.html").read_text("utf-8"))
    example = next((served for served in services if served.example), None)
    return template.substitute(
        count="1 service" if len(services) == 1 else f"{len(services)} services",
        services="\n".join(map(_card, services)),
        next="" if example is None else _next(example),
    )


def _card(served: Served) -> str:
    addresses = "".join(f"<li><code>{escape(address)}</code></li>" for address in served.addresses)
    ways = "".join(_way(served.site, way) for way in served.ways)
    title = f"<h3>{escape(served.name)}</h3><p>{escape(served.answers)}</p>"
    if not ways:
        return f"<article>{title}<ul>{addresses}</ul></article>"
    return f'<article class="wide">{title}<ul>{addresses}</ul><ul class="routes">{ways}</ul></article>'


def _way(site: str, way: Way) -> str:
    shown = f"<code>{escape(way.path)}</code>"
    if way.opens and site:
        shown = f'<a href="{escape(site + way.path)}">{shown}</a>'
    return f"<li>{shown}<span>{escape(way.answers)}</span></li>"


def _next(served: Served) -> str:
    return f"<dt><code>{escape(served.example)}</code></dt><dd>says something to {escape(served.name)}</dd>"
