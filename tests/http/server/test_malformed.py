"""What is no request gets its answer, and nothing behind it is one."""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from protocols.http import RespondRoute

_spec = spec_from_file_location("malformed", Path(__file__).with_name("malformed.py"))
_module = module_from_spec(_spec)
_spec.loader.exec_module(_module)
CORPUS = _module.corpus

BEHIND = b"GET /behind HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.mark.parametrize("size", [1, 100_000])
@pytest.mark.parametrize("name", CORPUS)
def test_a_malformed_request(connect, name, size):
    client = connect({"/": RespondRoute("gone", 410), "/behind": RespondRoute("behind")})
    data, status = CORPUS[name]
    if (name, size) == ("an unknown method", 1):
        status = 400  # whether it is a method is known before all of it is here
    for start in range(0, len(data), size):
        client.send(data[start : start + size])
    answers = client.answers()
    assert [answer.status for answer in answers] == [status]
    if answers[0].headers["Connection"] == "close":
        assert client.closed
        client.send(BEHIND)
        assert len(client.answers()) == 1
