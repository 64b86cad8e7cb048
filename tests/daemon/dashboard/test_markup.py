"""Pages, as they are sent."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from protocols.daemon.dashboard.history import History
from protocols.daemon.dashboard.markup import Markup
from protocols.daemon.dashboard.overview_view import overview
from protocols.daemon.dashboard.sampler import Sample
from protocols.daemon.dashboard.service_view import service_view

HOSTILE = "<script>alert(1)</script>\"'&\u202e"
ALL = frozenset({"actions", "tap", "live"})
MORE = {"title": HOSTILE, "token": "t", "loaded": "12:00:00"}
VOID = {"meta", "link", "img", "input", "path", "br"}


class Checked(HTMLParser):
    """Every element is closed where it should be, and every id is there once."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.used: list[str] = []
        self.scripts = 0
        self.feed(page)
        assert self.open == []
        assert len(self.ids) == len(set(self.ids))
        assert set(self.used) <= set(self.ids)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if "id" in given:
            self.ids.append(given["id"])
        self.used += [given[name] for name in ("aria-labelledby", "form") if name in given]
        self.scripts += tag == "script"
        assert "style" not in given
        assert not [name for name in given if name.startswith("on")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture
def sample(made):
    last = made.outcome(done=False, text=HOSTILE, problems=(HOSTILE,))
    service = made.service(
        HOSTILE,
        answers=HOSTILE,
        addresses=(HOSTILE,),
        certificates=(made.certificate(name=HOSTILE, expires=made.now),),
        counts={HOSTILE: 1},
    )
    status = made.status(
        service, config=HOSTILE, version=HOSTILE, reloads=made.reloads(last=last, at=made.now)
    )
    return Sample(status, (made.penalty(source=HOSTILE, score=1, until=made.now),), made.now)


@pytest.fixture
def empty(made):
    return Sample(made.status(workers=()), (), made.now)


@pytest.fixture
def connections(made):
    return [made.connection(HOSTILE, peer=HOSTILE, user=HOSTILE, transport=HOSTILE)]


def without_templates(page: str) -> str:
    return re.sub(r"<template.*?</template>", "", page, flags=re.DOTALL)


@pytest.mark.parametrize("can", [ALL, frozenset({"live"})])
def test_nothing_that_somebody_says_is_markup(sample, connections, can):
    for name, view in (
        ("overview.html", overview(sample, History())),
        ("service.html", service_view(HOSTILE, sample, History(), connections)),
    ):
        page = Markup(name, can).fill(view, **MORE)
        assert Checked(page).scripts == 1
        assert "alert(1)</script>" not in page
        # What is sent back when a button is pressed is as it was.
        assert "\u202e" not in re.sub(r' (?:value|data-key)="[^"]*"', "", page)
        assert "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#x27;&amp;\\u202e" in page
        assert "$" not in page
        assert "<!--" not in page.removeprefix("<!doctype html>")


def test_what_is_not_allowed_is_not_offered(sample, connections):
    pages = [
        Markup("overview.html", frozenset({"live"})).fill(overview(sample, History()), **MORE),
        Markup("service.html", frozenset({"live"})).fill(
            service_view(HOSTILE, sample, History(), connections), **MORE
        ),
    ]
    for page in pages:
        assert "form=" not in page
        assert "<form" not in page
        assert "tap-switch" not in page
    assert "dashboard: {tap: true}" in pages[1]


def test_a_row_leads_to_its_service(sample):
    page = Markup("overview.html", ALL).fill(overview(sample, History()), **MORE)
    assert 'href="?service=%3Cscript%3Ealert%281%29%3C%2Fscript%3E%22%27%26%E2%80%AE"' in page


def test_empty_states(empty):
    page = without_templates(Markup("overview.html", ALL).fill(overview(empty, History()), **MORE))
    for words in ("No service is enabled.", "No worker", "No service shows one.", "Nobody is shut out."):
        (tag,) = re.findall(rf"<p class=\"none\"[^>]*>{words}", page)
        assert "hidden" not in tag
    assert all("hidden" in tag for tag in re.findall(r"<table[^>]*>", page))
    assert "<tr role" not in page.replace("<thead", "").partition("<tbody")[2].partition("</tbody>")[0]


def test_scripts_and_refreshing_are_for_pages_that_live(made):
    from protocols.daemon.dashboard.view import View

    page = Markup("outcome.html", frozenset({"actions"})).fill(
        View({"outcome": "fine"}, {"problems": []}, {"outcome": "good"}), **MORE
    )
    assert Checked(page).scripts == 0
    assert "http-equiv" not in page


def test_without_a_script_the_page_refreshes(empty):
    page = Markup("overview.html", ALL).fill(overview(empty, History()), **MORE)
    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in page
