"""Many messages in one request."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from protocols.channels import Entry, Message, RefusedError
from protocols.channels.message_json import as_json
from protocols.codec import codec_for
from protocols.http.routes.channel.bulk import BATCH_BYTES, BATCH_MESSAGES, FAULTS
from protocols.http.routes.channel.entry_lines import message_entry

NDJSON = "application/x-ndjson"


class Reading(BaseModel):
    bar: float


def post(here, body, query="", **fields):
    answer = here.post(body, query, Content_Type=NDJSON, **fields)
    return answer, json.loads(answer.body)


def messages(here):
    return here.channel.tail.after(0, 10**6)


def test_lines(resource):
    here = resource()
    here.publish(b"0")
    answer, said = post(here, b'{"a":1}\r\n\n 2 \n"three"', "?key=k")
    assert (answer.status, said) == (201, {"published": 3, "first": 2, "last": 4})
    assert answer.headers["Location"] == "/c?since=1&limit=3"
    assert [(m.body, m.key, m.content_type) for m in messages(here)[1:]] == [
        (body, "k", "application/json") for body in (b'{"a":1}', b"2", b'"three"')
    ]


@pytest.mark.parametrize("kind", ["application/jsonl", "Application/NDJSON; charset=utf-8"])
def test_other_names_of_lines(resource, kind):
    here = resource()
    assert here.post(b"1\n2\n", Content_Type=kind).status == 201
    assert here.channel.last == 2


def test_nothing(resource):
    here = resource()
    answer, said = post(here, b"\n\n")
    assert (answer.status, said, here.channel.last) == (200, {"published": 0}, 0)


@pytest.mark.parametrize("size", range(1, 12))
def test_lines_in_pieces(resource, size):
    here = resource()
    body = b'"ab"\n\n"cdef"\n"g"'
    head = b"POST /c HTTP/1.1\r\nHost: a\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n"
    here.client.send(head % (NDJSON.encode(), len(body)))
    for start in range(0, len(body), size):
        here.client.send(body[start : start + size])
    assert json.loads(here.client.answers()[0].body) == {"published": 3, "first": 1, "last": 3}


def test_a_request_that_is_made_again(resource):
    here = resource()
    post(here, b"1\n2\n", Idempotency_Key="k")
    answer, said = post(here, b"1\n2\n3\n", Idempotency_Key="k")
    assert (answer.status, said) == (201, {"published": 1, "first": 3, "last": 3, "known": 2})
    answer, said = post(here, b"1\n2\n3\n", Idempotency_Key="k")
    assert (answer.status, said) == (200, {"published": 0, "known": 3})
    assert [m.id for m in messages(here)] == ["k.1", "k.2", "k.3"]


def test_all_or_none(resource):
    here = resource(codec_for(Reading, "json"))
    answer, problem = post(here, b'{"bar":1}\n\n{"bar":"high"}\n{"bar":2}\n{\n')
    assert (answer.status, answer.headers["Content-Type"]) == (422, "application/problem+json")
    assert (problem["published"], here.channel.last) == (0, 0)
    assert [(fault["line"], fault["pointer"]) for fault in problem["errors"]] == [(3, "/bar"), (5, "")]
    assert "(line 3)" in problem["detail"]


def test_no_json(resource):
    here = resource()
    _, problem = post(here, b"1\nx\n")
    assert ([fault["line"] for fault in problem["errors"]], here.channel.last) == ([2], 0)


def test_a_batch_after_another(resource):
    here = resource()
    body = b"1\n" * (2 * BATCH_MESSAGES) + b"x\n"
    answer, problem = post(here, body)
    assert (answer.status, problem["published"]) == (422, 2 * BATCH_MESSAGES)
    assert (problem["first"], problem["last"]) == (1, 2 * BATCH_MESSAGES)
    assert problem["errors"][0]["line"] == 2 * BATCH_MESSAGES + 1


def test_a_store_that_fails_after_a_batch(resource):
    here = resource()
    here.store.waits = True
    body = b"1\n" * (BATCH_MESSAGES + 1)
    head = b"POST /c HTTP/1.1\r\nHost: a\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n"
    here.client.send(head % (NDJSON.encode(), len(body)) + body)
    here.store.fails = True
    here.store.go_on()
    (answer,) = here.client.answers()
    problem = json.loads(answer.body)
    assert (answer.status, problem["published"], problem["last"]) == (503, BATCH_MESSAGES, BATCH_MESSAGES)
    assert answer.headers["Retry-After"]


def test_what_is_too_long(resource):
    here = resource(message=100)
    answer, problem = post(here, b'1\n"' + b"x" * 200 + b'"\n')
    assert (answer.status, problem["errors"][0]["line"], here.channel.last) == (422, 2, 0)
    answer, problem = post(here, b"1\n" + b"x" * 10_000)
    assert (answer.status, problem["published"]) == (413, 0)
    there = resource(limits={"body": 10})
    head = b"POST /c HTTP/1.1\r\nHost: a\r\nContent-Type: %b\r\nTransfer-Encoding: chunked\r\n\r\n"
    there.client.send(head % NDJSON.encode() + b"c\r\n1\n2\n3\n4\n5\n6\n\r\n0\r\n\r\n")
    assert there.wire.value().startswith(b"HTTP/1.1 413 ")


def test_a_client_that_leaves_in_the_middle(resource, failures):
    here = resource()
    head = b"POST /c HTTP/1.1\r\nHost: a\r\nContent-Type: %b\r\nContent-Length: 100\r\n\r\n1\n2\n"
    here.client.send(head % NDJSON.encode())
    here.client.leave()
    assert (here.channel.last, failures) == (0, [])


# -- messages ----------------------------------------------------------------------------------------


def test_what_is_read_can_be_published(resource):
    here, there = resource(), resource()
    here.publish(
        Entry(b"text", "k", "id-1", "me", "text/plain"),
        Entry(b'{"a": [1, "\xc3\xa9"]}', "", "", "", "application/json"),
        Entry(b'"s"', "", "", "", "application/json"),
        Entry(b"\0\xff", content_type="image/x"),
        Entry(b"", headers=(("a", "b"),)),
    )
    answer, _ = post(there, here.get().body, "?format=message")
    assert answer.status == 201
    for before, after in zip(messages(here), messages(there), strict=True):
        assert (after.key, after.id, after.content_type) == (before.key, before.id, before.content_type)
        if "json" in before.content_type:
            assert json.loads(after.body) == json.loads(before.body)
        else:
            assert after.body == before.body
        assert after.sender == "http://192.0.2.7:4321"


def test_a_value_is_json(resource):
    here = resource()
    post(here, b'{"body":{"a":1}}\n{"body":"a"}\n{"body":null,"id":"x"}', "?format=message&key=k")
    assert [(m.body, m.content_type, m.key) for m in messages(here)] == [
        (b'{"a":1}', "application/json", "k"),
        (b"a", "", "k"),
        (b"null", "application/json", "k"),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "[]",
        "x",
        "{}",
        '{"body":1,"base64":""}',
        '{"base64":"?"}',
        '{"base64":"é"}',
        '{"base64":1}',
        '{"body":"","key":1}',
        '{"body":"","tpye":""}',
        '{"body":1,"type":"text/plain"}',
        '{"body":"\\ud800"}',
        '{"body":' + "[" * 100_000 + "]" * 100_000 + "}",
    ],
)
def test_what_is_no_message(line):
    with pytest.raises(RefusedError):
        message_entry(line.encode(), "", "", "")


@given(body=st.binary(), key=st.text(), name=st.text(), media=st.sampled_from(["", "text/plain", "a/b"]))
def test_whatever_is_read_can_be_published(body, key, name, media):
    message = Message(1, 2, body, key, name, "me", media)
    assert message_entry(as_json(message), "", "", "you") == Entry(body, key, name, "you", media)


def test_lines_that_are_no_messages(resource):
    here = resource()
    answer, problem = post(here, b'{"body":1}\n{}\n[]\n', "?format=message")
    assert (answer.status, here.channel.last) == (422, 0)
    assert [fault["line"] for fault in problem["errors"]] == [2, 3]


@pytest.mark.parametrize("line", [b'{"%s":1}', b'{"type":"%s","body":1}'])
def test_what_is_wrong_is_not_repeated_in_full(resource, line):
    answer, said = post(resource(), line % (b"n" * 100_000), "?format=message")
    assert answer.status == 422
    assert "nnn" in said["detail"]
    assert len(json.dumps(said)) < 1000


def test_who_has_many_wrong_lines_has_seen_enough(resource):
    here = resource()
    answer, problem = post(here, b"{}\n" * (2 * FAULTS), "?format=message")
    assert (answer.status, len(problem["errors"])) == (422, FAULTS)


def test_a_full_batch_of_large_messages(resource):
    here = resource(limits={"body": 10**7})
    line = b'"' + b"x" * (BATCH_BYTES // 4) + b'"\n'
    answer, said = post(here, line * 10)
    assert (answer.status, said["published"]) == (201, 10)
