"""What is past, over HTTP."""

from __future__ import annotations

import gc
import json
import re

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, StreamEnded, StreamReset

from protocols.channels import Entry
from protocols.http.routes.channel.history import PIECE_MESSAGES
from protocols.http.routes.channel.page import FRESH, POSITION

JSON = "application/json"


def lines(answer):
    return [json.loads(line) for line in answer.body.splitlines()]


def test_an_empty_channel(resource):
    here = resource()
    answer = here.get()
    assert (answer.status, answer.body, answer.headers["Content-Type"]) == (200, b"", "application/x-ndjson")
    assert answer.headers[POSITION] == "0"
    assert json.loads(here.get(Accept=JSON).body) == {"messages": [], "position": 0}


def test_lines(resource):
    here = resource()
    here.publish(b"a", Entry(b'{"bar":\n2}', "pump", "id-1", "me", JSON))
    answer = here.get()
    first, second = lines(answer)
    assert first == {"seq": 1, "time": 1_700_000_000_000, "body": "a"}
    assert (second["body"], second["key"], second["from"]) == ({"bar": 2}, "pump", "me")
    assert answer.headers["Content-Length"] == str(len(answer.body))
    assert (answer.headers[POSITION], answer.headers["Link"]) == ("2", None)
    assert answer.headers["Vary"] == "Accept"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("query", "bodies"),
    [
        ("?since=all", ["1", "2", "3"]),
        ("?since=1", ["2", "3"]),
        ("?since=last", ["3"]),
        ("?since=new", []),
        ("?since=99", []),
        ("?limit=2", ["1", "2"]),
        ("?since=1&limit=1", ["2"]),
        ("?key=odd", ["1", "3"]),
        ("?key=odd&limit=1", ["1"]),
        ("?key=odd&since=1", ["3"]),
        ("?key=other", []),
        ("?since=10s", ["3"]),
    ],
)
def test_parts(resource, query, bodies):
    here = resource()
    here.publish(Entry(b"1", "odd"), Entry(b"2", "even"))
    here.clock.advance(20)
    here.publish(Entry(b"3", "odd"))
    assert here.bodies(query) == bodies


def test_pages(resource):
    here = resource()
    here.publish(*(Entry(b"%d" % number, "k") for number in range(7)))
    for key in ("", "&key=k"):
        query, seen = f"?limit=3{key}", []
        while query:
            answer = here.get(query)
            seen += [line["body"] for line in lines(answer)]
            link = answer.headers["Link"]
            query = re.fullmatch('<(.*)>; rel="next"', link)[1] if link else ""
        assert seen == [str(number) for number in range(7)]


def test_pages_in_json(resource):
    here = resource()
    here.publish(*(b"%d" % number for number in range(7)))
    query, seen = "?limit=3&format=json", []
    while query:
        answer = here.get(query)
        page = json.loads(answer.body)
        seen += [message["body"] for message in page["messages"]]
        assert answer.headers[POSITION] == str(page["position"])
        query = page.get("next", "")
        assert (f'<{query}>; rel="next"' if query else None) == answer.headers["Link"]
    assert seen == [str(number) for number in range(7)]


def test_where_the_beginning_is_forgotten(resource):
    here = resource()
    here.publish(*(b"%d" % number for number in range(1, 8)))
    here.store.trim(3)
    assert here.bodies("?limit=2") == ["4", "5"]
    assert here.get("?limit=2").headers[POSITION] == "5"


@pytest.mark.parametrize("form", ["ndjson", "json"])
@pytest.mark.parametrize("key", ["", "&key=k"])
@pytest.mark.parametrize("limit", ["", "&limit=9"])
@pytest.mark.parametrize("piece", [1, 3, 9, 10])
def test_in_pieces(resource, form, key, limit, piece):
    here = resource()
    here.store.piece = piece
    here.publish(*(Entry(b"%d" % number, "k") for number in range(10)))
    here.begin(f"?format={form}{key}{limit}")
    (answer,) = here.client.answers()
    count = 9 if limit else 10
    if form == "json":
        page = json.loads(answer.body)
        assert page["position"] == count
        assert ("next" in page) == bool(limit)
        messages = page["messages"]
    else:
        messages = lines(answer)
    assert [message["seq"] for message in messages] == list(range(1, count + 1))


def test_what_comes_meanwhile_is_not_part_of_it(resource):
    here = resource()
    here.store.piece = 1
    here.publish(b"1", b"2")
    here.store.waits = True
    here.begin()
    here.store.waits = False
    here.publish(b"3")
    here.store.go_on()
    here.turns()
    (answer,) = here.client.answers()
    assert [line["seq"] for line in lines(answer)] == [1, 2]


def test_small_messages_come_in_large_pieces(resource):
    here = resource()
    here.publish(*(b"%d" % number for number in range(PIECE_MESSAGES // 4)))
    here.get("?limit=100000")
    assert here.store.exports == 1


def test_head(resource):
    here = resource()
    here.publish(b"1")
    answer, asked = here.get(), here.client.ask("HEAD", "/c")
    assert (asked.status, asked.body) == (200, b"")
    for name in ("ETag", "Content-Length", POSITION, "Content-Type"):
        assert asked.headers[name] == answer.headers[name]
    here.store.piece = 1
    here.publish(b"2")
    assert here.client.ask("HEAD", "/c").status == 200


# -- what is known already ---------------------------------------------------------------------------


@pytest.mark.parametrize("piece", [0, 1])
def test_what_a_client_has_is_not_sent_again(resource, piece):
    here = resource()
    here.store.piece = piece
    here.publish(b"1", b"2")
    here.begin()
    tag = here.client.answers()[0].headers["ETag"]
    answer = here.get(If_None_Match=tag)
    assert (answer.status, answer.body, answer.headers["ETag"]) == (304, b"", tag)
    here.publish(b"3")
    here.wire.clear()
    here.begin(If_None_Match=tag)
    answer = here.client.answers()[0]
    assert answer.status == 200
    assert answer.headers["ETag"] != tag


@pytest.mark.parametrize("query", ["?since=0&limit=3", "?since=0&limit=3&key=k"])
def test_what_says_where_to_go_on_has_another_tag(resource, query):
    here = resource()
    here.store.piece = 1
    here.publish(*[Entry(b"x", "k")] * 3)
    first = here.get(query + "&format=json")
    here.publish(Entry(b"x", "k"))
    second = here.get(query + "&format=json", If_None_Match=first.headers["ETag"])
    assert (json.loads(first.body).get("next"), second.status) == (None, 200)
    assert json.loads(second.body)["next"].startswith("?since=3&limit=3")
    assert second.headers["ETag"] != first.headers["ETag"]


def test_each_form_has_a_tag_of_its_own(resource):
    here = resource()
    here.publish(b"1", b"2", b"3")
    tags = {here.get(query).headers["ETag"] for query in ("", "?format=json", "?limit=2", "?since=1")}
    assert len(tags) == 4


def test_the_same_numbers_after_a_new_beginning_are_something_else(resource):
    here = resource()
    here.publish(b"1")
    tag = here.get().headers["ETag"]
    there = resource()
    there.clock.advance(1)
    there.publish(b"1")
    assert there.get().headers["ETag"] != tag


@pytest.mark.parametrize(
    ("query", "cache"),
    [
        ("?since=0&limit=2", f"private, max-age={FRESH}"),
        ("?since=0&limit=3", "no-cache"),  # the newest is in it, and something may come to a page of three
        ("?since=0&limit=9", "no-cache"),
        ("?limit=2", "no-cache"),
        ("?since=0", "no-cache"),
        ("?since=1h&limit=2", "no-cache"),
    ],
)
def test_what_may_be_kept(resource, query, cache):
    here = resource()
    here.publish(b"1", b"2", b"3")
    assert here.get(query).headers["Cache-Control"] == cache


# -- trouble -----------------------------------------------------------------------------------------


def test_a_store_that_fails_at_once(resource, failures):
    here = resource()
    here.publish(b"1")
    here.store.fails = True
    for query in ("", "?since=1h", "?format=json"):
        answer = here.get(query)
        assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
        assert b"the disk hangs" in answer.body
    assert failures == []


def test_nothing_is_said_to_be_there_before_the_store_has_said_so(resource, failures):
    here = resource()
    here.publish(b"1")
    here.store.is_known = False
    queries = ("", "?since=0", "?since=7", "?since=new", "?format=json", "?format=events", "?wait=30s")
    for query in queries:
        answer = here.get(query)
        assert (answer.status, answer.headers["Retry-After"], answer.headers[POSITION]) == (503, "5", None)
        assert answer.headers["ETag"] is None
        assert b"NATS is away" in answer.body
    here.store.is_known = True
    assert here.bodies() == ["1"]
    assert failures == []


@pytest.mark.parametrize("form", ["ndjson", "json"])
def test_a_store_that_fails_in_the_middle(resource, failures, form):
    here = resource()
    here.store.piece = 1
    here.publish(b"1", b"2", b"3")
    here.store.waits = True
    here.begin(f"?format={form}")
    here.store.go_on()
    here.turns()
    here.store.fails = True
    here.store.waits = False
    here.store.go_on()
    here.turns()
    assert here.wire.aborted  # not ended as if that were all
    assert b'"seq":2' in here.wire.value()
    assert not here.wire.value().endswith(b"0\r\n\r\n")
    assert failures == []


def test_a_client_that_leaves_while_the_store_reads(resource, failures):
    here = resource()
    here.publish(b"1")
    here.store.waits = True
    here.begin()
    here.client.leave()
    here.store.go_on()
    here.turns()
    assert (failures, here.wire.value()) == ([], b"")


@pytest.mark.parametrize("fails", [False, True])
def test_a_client_that_leaves_on_the_way(resource, failures, fails):
    here = resource()
    here.store.piece = 1
    here.publish(b"1", b"2", b"3", b"4")
    here.store.waits = True
    here.begin()
    here.store.go_on()
    here.turns()
    here.client.leave()
    here.store.waits = False
    here.store.fails = fails
    here.store.go_on()
    here.turns()
    gc.collect()  # a failure that nobody has heard of is logged when it is forgotten
    assert failures == []


def test_the_next_piece_is_read_while_one_is_sent(resource):
    here = resource()
    here.store.piece = 1
    here.publish(*(b"x" for _ in range(5)))
    here.wire.room = 1
    here.begin()
    assert here.store.exports == 2
    here.client.leave()


def test_a_slow_client_is_waited_for(resource):
    here = resource()
    here.store.piece = 1
    here.publish(*(b"x" * 1000 for _ in range(50)))
    here.wire.room = 5000
    here.begin()
    assert here.store.exports <= 6
    here.wire.room = None
    here.client.connection.resumeProducing()
    here.turns(60)
    assert len(lines(here.client.answers()[0])) == 50


def test_what_is_refused(resource):
    here = resource()
    assert here.get("?since=x").status == 422
    assert here.get(Accept="image/png").status == 406
    assert here.client.ask("DELETE", "/c").headers["Allow"] == "GET, HEAD, POST, OPTIONS"
    there = resource(publishes=False)
    assert there.post(b"x").status == 405
    there = resource(reads=False)
    assert there.get().status == 405
    with pytest.raises(ValueError, match="nobody"):
        resource(reads=False, publishes=False)


def test_over_http2_a_client_that_gives_no_room(resource):
    here = resource()
    here.store.piece = 4
    here.publish(*(b"x" * 10_000 for _ in range(100)))
    state = H2Connection(H2Configuration(client_side=True))
    state.initiate_connection()
    fields = {":method": "GET", ":scheme": "http", ":authority": "a", ":path": "/c"}
    state.send_headers(1, list(fields.items()), end_stream=True)
    here.client.send(state.data_to_send())
    body, unread, is_over = b"", 0, False
    for turn in range(200):
        here.turns(5)
        data = here.wire.value()
        here.wire.clear()
        for event in state.receive_data(data):
            if isinstance(event, DataReceived):
                body += event.data
                unread += event.flow_controlled_length
            is_over = is_over or isinstance(event, StreamEnded)
        if turn == 50:
            assert len(body) == 65_535
            assert here.store.exports < 8
        if turn >= 50 and unread and not is_over:
            state.acknowledge_received_data(unread, 1)
            unread = 0
        here.client.send(state.data_to_send())
    assert is_over
    assert [json.loads(line)["seq"] for line in body.splitlines()] == list(range(1, 101))


def test_over_http2_a_store_that_fails_in_the_middle(resource, failures):
    here = resource()
    here.store.piece = 1
    here.publish(b"1", b"2", b"3", b"4")
    here.store.waits = True
    state = H2Connection(H2Configuration(client_side=True))
    state.initiate_connection()
    fields = {":method": "GET", ":scheme": "http", ":authority": "a", ":path": "/c"}
    state.send_headers(1, list(fields.items()), end_stream=True)
    here.client.send(state.data_to_send())
    here.store.go_on()
    here.turns()
    here.store.fails = True
    here.store.waits = False
    here.store.go_on()
    here.turns()
    events = state.receive_data(here.wire.value())
    kinds = {type(event) for event in events}
    assert StreamReset in kinds
    assert StreamEnded not in kinds
    assert failures == []
