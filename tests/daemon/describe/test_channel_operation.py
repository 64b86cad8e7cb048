from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator
from twisted.internet.task import Clock

from protocols.channels import Message
from protocols.channels.message_json import as_json
from protocols.daemon.describe.channel_operation import MESSAGE, channel_operation
from protocols.http.routes.channel.wanted import FORMATS


@pytest.mark.parametrize("method", ["get", "post"])
def test_it_is_json(method):
    operation = channel_operation(method, "readings")
    assert "readings" in operation["summary"]
    assert json.loads(json.dumps(operation)) == operation
    names = [(each["in"], each["name"]) for each in operation["parameters"]]
    assert len(set(names)) == len(names)


def test_the_forms_are_those_there_are():
    content = channel_operation("get", "c")["responses"]["200"]["content"]
    assert set(content) == set(FORMATS.values())


@pytest.mark.parametrize("body", [b"text", b"\xff"])
def test_messages_are_what_it_says(body):
    clock = Clock()
    message = Message(1, int(clock.seconds()), body, "k", "i", "me", "a/b", (("a", "b"),))
    said = json.loads(as_json(message))
    Draft202012Validator(MESSAGE).validate(said)
    assert said.keys() <= MESSAGE["properties"].keys()
