from __future__ import annotations

import json

import pytest

from protocols.channels import Entry
from protocols.http.routes.channel.page import POSITION


def test_what_is_there_is_not_waited_for(resource):
    here = resource()
    here.publish(b"1", b"2")
    assert here.bodies("?since=1&wait=30s") == ["2"]


@pytest.mark.parametrize("query", ["?since=new&wait=30s", "?since=1&wait=30s", "?since=99&wait=30s"])
def test_the_answer_comes_with_the_message(resource, query):
    here = resource()
    here.publish(b"1")
    here.begin(query)
    assert (here.wire.value(), here.channel.subscribers) == (b"", 1)
    here.publish(b"2", b"3")
    here.turns()
    (answer,) = here.client.answers()
    assert [json.loads(line)["body"] for line in answer.body.splitlines()] == ["2", "3"]
    assert (answer.headers[POSITION], here.channel.subscribers) == ("3", 0)


@pytest.mark.parametrize("form", ["ndjson", "json"])
def test_a_limit(resource, form):
    here = resource()
    here.begin(f"?wait=30s&limit=2&format={form}")
    here.publish(b"1", b"2", b"3")
    here.turns()
    (answer,) = here.client.answers()
    assert answer.headers[POSITION] == "2"
    assert "since=2&limit=2" in answer.headers["Link"]
    if form == "json":
        assert [each["seq"] for each in json.loads(answer.body)["messages"]] == [1, 2]


def test_of_one_key(resource):
    here = resource()
    here.begin("?wait=30s&key=b")
    here.publish(Entry(b"1", "a"))
    here.turns()
    assert here.wire.value() == b""
    here.publish(Entry(b"2", "b"), Entry(b"3", "a"))
    here.turns()
    (answer,) = here.client.answers()
    assert [json.loads(line)["body"] for line in answer.body.splitlines()] == ["2"]


def test_nothing_comes(resource):
    here = resource()
    here.publish(b"1")
    here.begin("?since=1&wait=30s")
    here.clock.advance(29.9)
    assert here.wire.value() == b""
    here.clock.advance(0.2)
    (answer,) = here.client.answers()
    assert (answer.status, answer.headers[POSITION], here.channel.subscribers) == (204, "1", 0)
    here.wire.clear()
    here.begin("?since=1&wait=1&format=json")
    here.clock.advance(1)
    (answer,) = here.client.answers()
    assert json.loads(answer.body) == {"messages": [], "position": 1}


def test_nothing_leaks_when_the_client_leaves(resource, failures):
    here = resource()
    here.begin("?wait=30s")
    assert here.channel.subscribers == 1
    here.client.leave()
    assert (here.channel.subscribers, len(here.route._open), failures) == (0, 0, [])
    here.publish(b"1")
    here.turns()
    assert [call for call in here.clock.getDelayedCalls() if call.getTime() > here.clock.seconds() + 20] == []


def test_the_end_of_the_service_or_the_channel(resource, another):
    here = resource()
    here.begin("?wait=30s")
    here.route.drain()
    assert here.client.answers()[0].status == 204
    assert here.get("?wait=30s").status == 204  # at once
    there = resource()
    there.begin("?wait=30s")
    there.channel.close()
    assert there.client.answers()[0].status == 204


def test_head_does_not_wait(resource):
    here = resource()
    assert here.client.ask("HEAD", "/c?wait=30s").status == 204


def test_too_many(resource, another):
    here = resource(subscribers=1)
    here.begin("?wait=30s")
    answer = here.another(another(here.client)).get("?wait=30s")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "5")


def test_a_client_that_is_ahead_of_this_process(resource):
    # Another process has published 2 and 3, and told the client so; nobody has told us yet.
    here = resource()
    here.publish(b"1")
    log = here.store._log
    listeners, log.listeners[:] = list(log.listeners), []
    log.append([Entry(b"2"), Entry(b"3")], 0)
    here.begin("?since=2&wait=30s")
    assert here.wire.value() == b""
    log.listeners[:] = listeners
    listeners[0](log.after(1, 9))
    here.turns()
    (answer,) = here.client.answers()
    assert [json.loads(line)["body"] for line in answer.body.splitlines()] == ["3"]
    assert answer.headers[POSITION] == "3"
