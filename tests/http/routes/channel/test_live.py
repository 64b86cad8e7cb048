"""A channel as events."""

from __future__ import annotations

import json

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived
from twisted.internet.defer import CancelledError

from protocols.channels import Entry
from protocols.channels.store import READ_BYTES
from protocols.http.body import HELD
from protocols.http.event import HEARTBEAT
from protocols.http.routes.channel.event_forms import body_event, json_event
from protocols.http.routes.channel.live_events import LiveEvents
from protocols.http.routes.channel.refusals import RETRY_AFTER

RETRY = b"retry: 3000\n\n"


def parsed(octets):
    """The events as a browser hears them: id, kind and data."""
    events = []
    for block in octets.decode().split("\n\n")[:-1]:
        found: dict[str, list[str]] = {}
        for line in block.split("\n"):
            name, _, value = line.partition(": ")
            found.setdefault(name, []).append(value)
        if "data" in found:
            ids = found.get("id", [""])
            events.append((ids[0], found.get("event", ["message"])[0], "\n".join(found["data"])))
    return events


def ids(octets):
    return [int(event[0]) for event in parsed(octets) if event[1] == "message"]


def test_the_past_and_then_what_comes(resource):
    here = resource()
    here.publish(b"1", Entry(b'{"bar":\r\n2}', type_ := "k", content_type="application/json"))
    here.follow()
    head = here.wire.value().partition(b"\r\n\r\n")[0]
    assert b"Content-Type: text/event-stream" in head
    assert b"Cache-Control: no-store" in head
    came = here.came()
    assert came.startswith(RETRY)
    (first, second) = parsed(came)
    assert first[:2] == ("1", "message")
    assert json.loads(first[2]) == {"seq": 1, "time": 1_700_000_000_000, "body": "1"}
    assert (json.loads(second[2])["body"], json.loads(second[2])["key"]) == ({"bar": 2}, type_)
    here.publish(b"3")
    here.turns()
    assert ids(here.came()) == [3]
    here.client.leave()
    assert here.channel.subscribers == 0


def test_a_client_that_comes_back(resource):
    here = resource()
    here.publish(b"1", b"2", b"3")
    here.follow("?since=all", Last_Event_ID="2")
    assert ids(here.came()) == [3]


@pytest.mark.parametrize(
    ("query", "seen"), [("?since=new", []), ("?since=last", [3]), ("?since=1", [2, 3]), ("?key=k", [2])]
)
def test_where_it_begins(resource, query, seen):
    here = resource()
    here.publish(b"1", Entry(b"2", "k"), b"3")
    here.follow(query)
    assert ids(here.came()) == seen
    here.publish(Entry(b"4", "k"))
    here.turns()
    assert ids(here.came()) == [4]


def test_bodies(resource):
    here = resource()
    here.publish(b"one", b"zwei\r\ndrei\nvier", b"\xff")
    here.follow("?format=body")
    events = parsed(here.came())
    assert [event[2] for event in events[:2]] == ["one", "zwei\ndrei\nvier"]
    assert json.loads(events[2][2])["base64"] == "/w=="
    there = resource(form="body")
    there.publish(b"one")
    there.follow()
    assert [event[2] for event in parsed(there.came())] == ["one"]


def test_every_client_gets_the_same_bytes(resource, another, monkeypatch):
    rendered = []

    def counted(message):
        rendered.append(message.seq)
        return json_event(message)

    monkeypatch.setattr("protocols.http.routes.channel.route.json_event", counted)
    here = resource()
    clients = [here, *(here.another(another(here.client)) for _ in range(9))]
    for client in clients:
        client.follow("?since=new")
        client.came()
    here.publish(b"1", b"2")
    here.turns()
    assert {client.came() for client in clients} == {
        b"".join(json_event(m) for m in here.channel.tail.after(0, 9))
    }
    assert rendered == [1, 2]


def test_heartbeats(resource):
    here = resource(heartbeat=10)
    here.follow()
    here.came()
    here.clock.advance(5)
    here.publish(b"1")
    here.turns()
    here.came()
    here.clock.advance(5)
    here.turns()
    assert here.came() == b""
    here.clock.advance(5)
    here.turns()
    assert here.came() == HEARTBEAT
    here.client.leave()
    here.clock.advance(5)
    assert here.route._beating is None


def test_head(resource):
    here = resource()
    answer = here.client.ask("HEAD", "/c", Accept="text/event-stream")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/event-stream")
    assert here.channel.subscribers == 0


@pytest.mark.parametrize("count", [300])
def test_a_slow_client_holds_nobody_up(resource, another, count):
    here = resource()
    slow, quick = here, here.another(another(here.client))
    slow.follow()
    quick.follow()
    slow.wire.room = 1000
    body = b"x" * 2000
    for _ in range(count):
        here.publish(body)
        here.client.turn()
        here.client.turn()
    here.turns()
    assert ids(quick.came()) == list(range(1, count + 1))
    assert len(slow.wire.value()) < 3 * HELD
    (events, *_) = [each for each in here.route._open if each._is_paused]
    assert events._held < 2 * HELD
    slow.wire.room = None
    slow.client.connection.resumeProducing()
    here.turns(count)
    assert ids(slow.came()) == list(range(1, count + 1))


def test_what_a_slow_client_has_missed_is_told(resource):
    here = resource(lag=20)
    here.follow()
    here.came()
    here.wire.room = 1
    body = b"x" * HELD
    for _ in range(50):
        here.publish(body)
        here.turns(3)
    here.wire.room = None
    here.client.connection.resumeProducing()
    here.turns(60)
    events = parsed(here.came())
    missed = [json.loads(data)["count"] for _, kind, data in events if kind == "missed"]
    seen = [int(number) for number, kind, _ in events if kind == "message"]
    assert sum(missed) + len(seen) == 50
    assert (missed != [], seen[-1]) == (True, 50)


def test_a_slow_client_may_be_cut_off(resource):
    here = resource(lag=20, slow="disconnect")
    here.follow()
    here.came()
    here.wire.room = 1
    for _ in range(50):
        here.publish(b"x" * HELD)
        here.turns(3)
    assert here.channel.subscribers == 0
    here.wire.room = None
    here.client.connection.resumeProducing()
    here.turns()
    data = here.wire.value()
    assert b'event: closed\ndata: {"reason":"more than 20 messages behind"}\n\n' in data
    assert data.endswith(b"0\r\n\r\n")


def test_the_end_of_the_channel(resource):
    here = resource()
    here.follow()
    here.channel.close()
    here.turns()
    data = here.wire.value()
    assert b"event: closed" in data
    assert data.endswith(b"0\r\n\r\n")


def test_the_end_of_the_service(resource):
    here = resource()
    here.follow()
    here.route.drain()
    here.turns()
    assert here.wire.value().endswith(b"0\r\n\r\n")
    answer = here.get(Accept="text/event-stream")
    assert (answer.status, answer.headers["Retry-After"]) == (503, str(RETRY_AFTER))


def test_too_many(resource, another):
    here = resource(subscribers=1)
    here.follow()
    assert here.another(another(here.client)).get(Accept="text/event-stream").status == 503


def test_over_http2_a_client_that_gives_no_room(resource):
    here = resource()
    state = H2Connection(H2Configuration(client_side=True))
    state.initiate_connection()
    fields = {":method": "GET", ":scheme": "http", ":authority": "a", ":path": "/c?format=events"}
    state.send_headers(1, list(fields.items()), end_stream=True)
    here.client.send(state.data_to_send())
    body = b""

    def read(*, gives_room):
        nonlocal body
        here.turns()
        data = here.wire.value()
        here.wire.clear()
        for event in state.receive_data(data):
            if isinstance(event, DataReceived):
                body += event.data
                if gives_room:
                    state.acknowledge_received_data(event.flow_controlled_length, 1)
                else:
                    unread.append(event.flow_controlled_length)
        here.client.send(state.data_to_send())

    unread: list[int] = []
    for _ in range(200):
        here.publish(b"x" * 2000)
        read(gives_room=False)
    assert len(body) <= 65_535
    assert any(each._is_paused for each in here.route._open)
    state.acknowledge_received_data(sum(unread), 1)
    here.client.send(state.data_to_send())
    for _ in range(100):
        read(gives_room=True)
    assert ids(body) == list(range(1, 201))


def test_who_catches_up_holds_little_and_shares_it(resource):
    here = resource()
    here.publish(*[b"x" * 16_384] * 300)
    here.turns(1)
    first = here.channel.tail.first - 1
    pieces = []

    def begun():
        events = LiveEvents(
            here.channel, first, "", render=json_event, beginning=RETRY, released=lambda _: None
        )
        assert events.read() == RETRY
        events.read().addCallback(pieces.append)
        return events

    every = [begun() for _ in range(20)]
    assert pieces == [], "whoever asks in the same turn is answered first"
    here.turns(3)
    assert len(pieces) == 20
    assert len({id(piece) for piece in pieces}) == 1
    assert len(pieces[0]) < READ_BYTES * 1.1
    assert max(events._held for events in every) < READ_BYTES * 1.1, "one more, until it is asked for"
    for events in every:
        events.close()


def test_one_that_leaves_before_it_has_begun(resource):
    here = resource()
    here.publish(b"1")
    events = LiveEvents(here.channel, 0, "", render=json_event, beginning=RETRY, released=lambda _: None)
    events.read()
    before = here.clock.getDelayedCalls()
    events.read().addErrback(lambda failure: failure.trap(CancelledError))
    events.close()
    assert here.clock.getDelayedCalls() == before
    assert here.channel.subscribers == 0


def test_forms(resource):
    here = resource()
    here.publish(b"text")
    (message,) = here.channel.tail.after(0, 1)
    assert body_event(message) == b"id: 1\ndata: text\n\n"
