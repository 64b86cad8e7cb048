from __future__ import annotations

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.channels.since import Since
from protocols.codec import DecodeError
from protocols.http import Headers, HTTPError, Query
from protocols.http.request import RequestHead
from protocols.http.routes.channel.wanted import EVENTS, JSON, NDJSON, PAGE, WAIT, Wanted


def wanted(query="", accept=None, **headers):
    fields = [] if accept is None else [("Accept", accept)]
    fields += [(name.replace("_", "-"), value) for name, value in headers.items()]
    return Wanted.of(RequestHead("GET", "/c", Query(query), Headers(fields)))


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (None, NDJSON),
        ("", NDJSON),
        ("*/*", NDJSON),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", NDJSON),
        ("application/json", JSON),
        ("application/json, text/plain, */*", JSON),
        ("application/json;q=0.5, application/*", NDJSON),
        ("application/json;q=0.5, application/x-ndjson;q=0.4", JSON),
        ("text/event-stream", EVENTS),
        ("text/*", EVENTS),
        ("Text/Event-Stream;q=0.9, application/json;q=0.8", EVENTS),
        ("application/x-ndjson;q=0, */*;q=0.1", JSON),
    ],
)
def test_the_form_that_a_client_accepts(accept, media):
    assert wanted(accept=accept).media == media


@pytest.mark.parametrize("accept", ["image/png", "*/*;q=0", "text/html"])
def test_a_client_that_accepts_nothing_of_it(accept):
    with pytest.raises(HTTPError) as caught:
        wanted(accept=accept)
    assert caught.value.status == 406
    assert wanted("format=json", accept=accept).media == JSON


@pytest.mark.parametrize(("form", "media"), [("ndjson", NDJSON), ("json", JSON), ("events", EVENTS)])
def test_the_form_that_a_client_names_counts(form, media):
    assert wanted(f"format={form}", accept="image/png").media == media


def test_what_an_event_is():
    assert wanted("format=body", accept=EVENTS).body
    assert not wanted("format=message", accept=EVENTS).body
    assert not wanted(accept=EVENTS).body


@pytest.mark.parametrize(
    ("query", "since"),
    [
        ("", Since("all")),
        ("since=new", Since("new")),
        ("since=17", Since("seq", 17)),
        ("since=2h", Since("ago", 7200)),
        ("since=2026-01-31T12:00:00Z", Since("time", 1769860800000)),
        ("since=2026-01-31T13:00:00+01:00", Since("time", 1769860800000)),
        ("since=2026-01-31T13:00:00%2B01:00", Since("time", 1769860800000)),
        ("since=2026-01-31%2013:00:00%2B01:00", Since("time", 1769860800000)),
    ],
)
def test_where_to_begin(query, since):
    assert wanted(query).since == since


def test_the_last_event_wins():
    assert wanted("since=3", EVENTS, Last_Event_ID="17").since == Since("seq", 17)
    assert wanted("since=3&lastEventId=18", EVENTS).since == Since("seq", 18)
    assert wanted("since=3", EVENTS, Last_Event_ID="").since == Since("seq", 3)
    assert wanted("since=3", JSON, Last_Event_ID="17").since == Since("seq", 3)


def test_limits():
    assert wanted().limit == 0
    assert wanted("limit=20").limit == 20
    assert wanted("format=json").limit == PAGE
    assert wanted("format=json&limit=5000").limit == 5000


@pytest.mark.parametrize(("said", "seconds"), [("0", 0), ("5", 5), ("30s", 30), ("1m", 60), ("999m", WAIT)])
def test_how_long_to_wait(said, seconds):
    assert wanted(f"wait={said}").wait == seconds


@pytest.mark.parametrize(
    ("query", "accept", "place"),
    [
        ("since=yesterday", None, "/query/since"),
        ("since=", None, "/query/since"),
        ("limit=0", None, "/query/limit"),
        ("limit=-1", None, "/query/limit"),
        ("limit=1.5", None, "/query/limit"),
        ("limit=" + "9" * 19, None, "/query/limit"),
        ("limit=1", EVENTS, "/query/limit"),
        ("wait=soon", None, "/query/wait"),
        ("wait=", None, "/query/wait"),
        ("format=xml", None, "/query/format"),
        ("format=body", None, "/query/format"),
        ("lastEventId=all", EVENTS, "/query/lastEventId"),
        ("lastEventId=x", EVENTS, "/query/lastEventId"),
    ],
)
def test_what_cannot_be_understood(query, accept, place):
    with pytest.raises(DecodeError) as caught:
        wanted(query, accept)
    assert (caught.value.status, caught.value.errors[0].path) == (422, place)


@pytest.mark.parametrize("said", ["abc", "all", "2h", "-1"])
def test_the_header_field_is_named_that_cannot_be_understood(said):
    with pytest.raises(DecodeError) as caught:
        wanted("since=3", EVENTS, Last_Event_ID=said)
    fault = caught.value.errors[0]
    words = f"Last-Event-ID is the sequence number of the last event, and not {said!r}"
    assert (fault.path, fault.message) == ("/headers/last-event-id", words)


@given(
    query=st.dictionaries(
        st.sampled_from(["since", "limit", "key", "wait", "format", "lastEventId"]),
        st.text() | st.integers().map(str) | st.sampled_from(["all", "new", "1h", "30s", "json", "events"]),
    ),
    accept=st.none() | st.text(st.characters(min_codepoint=32, max_codepoint=126)),
)
def test_anything_is_understood_or_refused(query, accept):
    try:
        found = wanted(urlencode(query), accept)
    except (DecodeError, HTTPError) as error:
        assert error.status in (406, 422)  # noqa: PT017 - either is right
    else:
        assert found.limit >= 0
        assert 0 <= found.wait <= WAIT
