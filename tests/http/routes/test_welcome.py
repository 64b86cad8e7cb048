from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from protocols.http.routes.welcome import Served, Way, WelcomeRoute, welcome_page

SERVICES = [
    Served(
        "shout", ("tcp://127.0.0.1:7000",), "function examples:shout", example="polyport send tcp://:7000 a"
    ),
    Served(
        "site",
        ("tcp://127.0.0.1:8080",),
        "http",
        "http://127.0.0.1:8080",
        (Way("/files/", "files", True), Way("/price", "function examples:price", False)),
    ),
]


@pytest.fixture
def client(connect):
    return connect({"/": WelcomeRoute(SERVICES)})


def test_it_says_what_is_served(client) -> None:
    answer = client.ask("GET", "/")
    page = answer.body.decode()
    for text in ("shout", "tcp://127.0.0.1:7000", "function examples:price", "2 services", "polyport check"):
        assert text in page
    assert 'href="http://127.0.0.1:8080/files/"' in page
    assert "http://127.0.0.1:8080/price" not in page
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"


def test_nothing_of_it_runs_or_comes_from_elsewhere(client) -> None:
    answer = client.ask("GET", "/")
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert not re.search(rb"<script|<img|<link|url\(|@import|\bsrc=", answer.body)


def test_only_at_its_own_path(client) -> None:
    assert client.ask("GET", "/other").status == 404
    assert client.ask("POST", "/", b"a").status == 405


def test_names_are_escaped() -> None:
    evil = "<script>alert(1)</script>\"'"
    page = welcome_page([Served(evil, (evil,), evil, "http://a", (Way(evil, evil, True),), evil)])
    assert "<script" not in page


def test_every_element_that_is_opened_is_closed() -> None:
    class Checker(HTMLParser):
        open: list[str] = []  # noqa: RUF012 - of one test

        def handle_starttag(self, tag, attributes) -> None:
            if tag != "meta":
                self.open.append(tag)

        def handle_endtag(self, tag) -> None:
            assert self.open.pop() == tag

    checker = Checker()
    checker.feed(welcome_page(SERVICES))
    assert checker.open == []
