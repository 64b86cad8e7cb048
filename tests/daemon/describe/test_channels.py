"""Channels in the documents of what a configuration offers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft7Validator
from openapi_spec_validator import validate

from protocols.daemon.describe.asyncapi import asyncapi
from protocols.daemon.describe.openapi import openapi
from protocols.daemon.importing import importer
from protocols.daemon.loader import load

FUNCTIONS = """
from dataclasses import dataclass

@dataclass
class Reading:
    bar: float

def measured(reading: Reading) -> Reading:
    return reading
"""

YAML = """
channels:
  readings: {store: memory, schema: functions:Reading, groups: {g: {}}}
  plain: {store: memory}
services:
  in: {listen: tcp://:7001, channel: readings}
  out: {listen: tcp://:7002, channel: {name: readings, mode: subscribe, group: g}}
  talk: {listen: tcp://:7003, channel: {name: readings, mode: chat}}
  console: {listen: tcp://:7004, channel: {name: [readings, plain], mode: commands}}
  plain: {listen: tcp://:7005, channel: {name: plain}}
  web:
    listen: tcp://:7006
    http:
      /readings: {channel: readings}
      /read/{id}: {channel: {name: readings, publish: false}}
      /live: {websocket: {channel: readings}}
      /measured: {function: {call: functions:measured, publish: readings}}
"""


@pytest.fixture
def loaded(written, forgotten_imports):
    file = written(YAML, FUNCTIONS)
    return load(file, importer(file.parent))


@pytest.fixture
def messages(loaded):
    return asyncapi(loaded, "All", "1.0.0")


def test_the_documents_are_valid(loaded, messages):
    schema = json.loads((Path(__file__).parent / "asyncapi-3.0.0.json").read_text())
    Draft7Validator(schema).validate(messages)
    validate(openapi(loaded, "web", "Web", "1.0.0"))


def test_what_comes_and_goes_is_what_the_schema_says(messages):
    said = {name: channel.get("messages") for name, channel in messages["channels"].items()}
    payload = {"$ref": "#/components/schemas/Reading"}
    for name in ("in", "out", "talk", "web_live"):
        assert said[name]["message"]["payload"] == payload, name
    assert said["console"] is said["plain"] is None


def test_who_sends_and_who_receives(messages):
    actions = {name: operation["action"] for name, operation in messages["operations"].items()}
    assert actions == {"in": "receive", "out": "send", "talk": "receive", "web_live": "send"}


def test_people_are_told_what_it_does(messages):
    words = {
        name: channel["description"].partition("\n")[0] for name, channel in messages["channels"].items()
    }
    assert words["in"] == "Publish to the channel readings."
    assert words["out"] == "Subscribe to the channel readings as the group g."
    assert words["talk"] == "Chat in the channel readings."
    assert words["console"] == "Commands for the channels readings, plain."
    assert words["web_live"] == "Subscribe to the channel readings."


def test_routes_have_the_operations_they_are_for(loaded):
    paths = openapi(loaded, "web", "Web", "1.0.0")["paths"]
    assert list(paths["/readings"]) == ["get", "post"]
    assert list(paths["/read/{id}"]) == ["get"]
    names = [parameter["name"] for parameter in paths["/read/{id}"]["get"]["parameters"]]
    assert {"id", "since"} <= set(names)
    assert "get" not in paths["/measured"]
    assert set(paths["/measured"]["post"]["responses"]) >= {"201", "422"}
