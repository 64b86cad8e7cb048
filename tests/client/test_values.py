from __future__ import annotations

from dataclasses import dataclass

import pytest

from protocols.client import ProblemError, ReplyError
from protocols.client.values import Values

URL = "tcp://host:1"


@dataclass
class Quote:
    item: str
    total: float


@pytest.mark.parametrize("codec", ["json", "msgpack", "pickle", None])
def test_a_typed_value_and_back(codec):
    values = Values(URL, codec or None)
    if codec is not None:
        assert values.decode(values.encode(Quote("tea", 3)), Quote) == Quote("tea", 3)
    assert Values(URL, None).decode(b'{"item": "tea", "total": 3}', Quote) == Quote("tea", 3)


def test_text_and_bytes():
    assert Values(URL, "text").decode("wörld".encode(), str) == "wörld"
    assert Values(URL, "bytes").decode(b"\xff", bytes) == b"\xff"
    assert Values(URL, None).decode(b"\xff", bytes) == b"\xff"


def test_a_reply_of_another_type():
    with pytest.raises(ReplyError, match="a reply of tcp://host:1 is not what was asked for: /total"):
        Values(URL, "json").decode(b'{"item": "tea", "total": "much"}', Quote)


def test_a_problem_document_instead_of_a_reply():
    problem = b'{"type":"about:blank","title":"Invalid message","status":422,"detail":"/n: bad","errors":[1]}'
    with pytest.raises(ProblemError, match="refused the message: Invalid message: /n: bad") as caught:
        Values(URL, "json").decode(problem, Quote)
    assert (caught.value.status, caught.value.errors) == (422, [1])


@pytest.mark.parametrize("other", [b"[]", b'{"type":"x","title":"y"}', b'{"status":1,"title":"y"}'])
def test_what_is_no_problem_document(other):
    with pytest.raises(ReplyError) as caught:
        Values(URL, "json").decode(other, Quote)
    assert not isinstance(caught.value, ProblemError)


def test_an_unknown_codec():
    with pytest.raises(ValueError, match="unknown codec"):
        Values(URL, "jason")
