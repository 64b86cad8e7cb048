"""Publishing over HTTP."""

from __future__ import annotations

import gc
import json
from typing import Any

import pytest
from pydantic import BaseModel

from protocols.codec import codec_for
from protocols.http.policy.cors import Origins

NDJSON = "application/x-ndjson"


class Reading(BaseModel):
    bar: float


def newest(here, count=1):
    return here.channel.tail.after(here.channel.last - count, count)


def test_one_message(resource):
    here = resource()
    answer = here.post(b"hello", Content_Type="text/plain")
    assert (answer.status, json.loads(answer.body)) == (201, {"seq": 1})
    assert answer.headers["Location"] == "/c?since=0&limit=1"
    (message,) = newest(here)
    assert (message.body, message.content_type) == (b"hello", "text/plain")
    assert message.sender == "http://192.0.2.7:4321"
    assert here.bodies(answer.headers["Location"][2:]) == ["hello"]


def test_the_key(resource):
    here = resource()
    here.post(b"1", "?key=pump%203")
    assert newest(here)[0].key == "pump 3"
    assert here.post(b"1", "?key=%00").status == 422


@pytest.mark.parametrize("name", ['"8e03-97"', "8e03-97"])
def test_a_message_with_a_name_is_published_once(resource, name):
    here = resource()
    here.post(b"0")
    assert here.post(b"1", Idempotency_Key=name).status == 201
    answer = here.post(b"1", Idempotency_Key=name)
    assert (answer.status, json.loads(answer.body)) == (200, {"seq": 2, "new": False})
    assert answer.headers["Location"] == "/c?since=1&limit=1"
    assert (here.channel.last, newest(here)[0].id) == (2, "8e03-97")


def test_where_nobody_reads_there_is_no_place_to_read(resource):
    here = resource(reads=False)
    lines = {"Content_Type": "application/x-ndjson"}
    for answer in (here.post(b"1"), here.post(b"2", Idempotency_Key="x"), here.post(b"3\n4\n", **lines)):
        assert (answer.status, answer.headers.get("Location")) == (201, None)
    again = here.post(b"2", Idempotency_Key="x")
    assert (again.status, again.headers.get("Location")) == (200, None)


def test_a_tab_in_a_media_type(resource):
    here = resource()
    assert here.post(b"1", Content_Type="text/plain;\tcharset=utf-8").status == 201
    assert here.post(b"2\n3\n", Content_Type="application/x-ndjson\t;\tcharset=utf-8").status == 201
    assert [message.content_type for message in newest(here, 3)] == [
        "text/plain; charset=utf-8",
        *["application/json"] * 2,
    ]


OURS = {"Origin": "http://a.test"}
OTHERS = {"Origin": "https://evil.test"}


@pytest.mark.parametrize(
    ("fields", "origins", "status"),
    [
        (OURS, (), 201),
        ({**OURS, "Sec_Fetch_Site": "same-origin"}, (), 201),
        (OTHERS, (), 403),
        ({"Origin": "null"}, (), 403),
        ({"Sec_Fetch_Site": "cross-site"}, (), 403),
        ({"Sec_Fetch_Site": "cross-site"}, ["https://evil.test"], 403),
        ({**OURS, "Sec_Fetch_Site": "cross-site"}, (), 403),
        ({"Origin": "https://app.test", "Sec_Fetch_Site": "cross-site"}, ["https://app.test"], 201),
        ({"Origin": "https://b.app.test"}, ["https://*.app.test"], 201),
        (OTHERS, ["https://app.test"], 403),
        (OTHERS, ["*"], 201),
    ],
)
def test_the_pages_of_other_sites(resource, fields, origins, status):
    here = resource(origins=Origins(origins))
    assert here.post(b"1", Content_Type="text/plain", **fields).status == status
    assert here.channel.last == (status == 201)
    assert here.get(**fields).status == 200, "what CORS has is about reading"


def test_an_empty_message(resource):
    here = resource()
    here.client.send(b"POST /c HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
    assert here.client.answers()[0].status == 201
    assert newest(here)[0].body == b""


def test_a_message_in_pieces(resource):
    here = resource()
    here.client.send(b"POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n")
    here.client.send(b"1\r\nc\r\n0\r\n\r\n")
    assert here.client.answers()[0].status == 201
    assert newest(here)[0].body == b"abc"


def test_a_message_that_is_too_long(resource):
    here = resource(message=10)
    answer = here.post(b"x" * 11)
    assert (answer.status, here.channel.last) == (413, 0)
    here.wire.clear()
    here.client.send(b"POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n12345678901\r\n")
    assert b"413 Content Too Large" in here.wire.value()


def test_who_asks_first_is_told_before_the_content(resource):
    here = resource(message=10)
    here.client.send(b"POST /c HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
    assert here.wire.value() == b"HTTP/1.1 100 Continue\r\n\r\n"
    here.client.send(b"hello")
    assert here.channel.last == 1
    here.wire.clear()
    here.client.send(b"POST /c HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\n")
    assert here.wire.value().startswith(b"HTTP/1.1 413 ")


def test_what_is_none_that_the_channel_takes(resource):
    here = resource(codec_for(Reading, "json"))
    answer = here.post(b'{"bar": "high"}')
    problem = json.loads(answer.body)
    assert (answer.status, problem["errors"][0]["pointer"], here.channel.last) == (422, "/bar", 0)
    assert here.post(b"{").status == 400
    assert here.post(b'{"bar": 2}').status == 201
    there = resource()
    answer = there.post(b"{", Content_Type="application/json")
    assert (answer.status, answer.headers["Content-Type"]) == (422, "application/problem+json")


@pytest.mark.parametrize(
    ("query", "fields", "status"),
    [
        ("", {"Content_Encoding": "gzip"}, 415),
        ("?format=message", {"Content_Type": "text/plain"}, 415),
        ("?format=json", {}, 422),
    ],
)
def test_what_cannot_be_read(resource, query, fields, status):
    here = resource()
    assert (here.post(b"x", query, **fields).status, here.channel.last) == (status, 0)


def test_a_store_that_takes_nothing(resource, failures):
    here = resource()
    here.store.fails = True
    for kind in ("text/plain", NDJSON):
        answer = here.post(b"1", Content_Type=kind)
        assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
        assert "the disk is full" in json.loads(answer.body)["detail"]
    assert failures == []


def test_the_answer_waits_for_the_store(resource):
    here = resource()
    here.store.waits = True
    here.client.send(b"POST /c HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx")
    assert here.wire.value() == b""
    here.store.go_on()
    assert here.client.answers()[0].status == 201


def test_a_publisher_that_leaves_changes_nothing(resource, failures):
    here = resource()
    here.store.waits = True
    here.client.send(b"POST /c HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx")
    here.client.leave()
    here.store.go_on()
    counts = here.channel.counts
    assert (here.channel.last, counts.published, counts.unavailable, failures) == (1, 1, 0, [])


def test_schema_of_any(resource):
    here = resource(codec_for(Any, "json"))
    assert here.post(b"[1]", Content_Type="text/plain").status == 201
    assert newest(here)[0].content_type == "application/json"


@pytest.mark.parametrize("leaves", [False, True])
def test_a_store_that_fails_later(resource, failures, leaves):
    here = resource()
    here.store.waits = here.store.refuses = True
    here.client.send(b"POST /c HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx")
    if leaves:
        here.client.leave()
    here.store.go_on()
    gc.collect()  # a failure that nobody has heard of is logged when it is forgotten
    assert failures == []
    if not leaves:
        (answer,) = here.client.answers()
        assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
