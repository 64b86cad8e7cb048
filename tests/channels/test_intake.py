"""What a channel takes."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from protocols.channels.errors import RefusedError, TooLargeError
from protocols.channels.intake import Intake, key_from_body, key_from_sender
from protocols.channels.message import Entry
from protocols.codec import DecodeError, codec_for


class Reading(BaseModel):
    device: str
    bar: float


def test_what_is_fine_stays_as_it_is():
    entry = Entry(b"\xff", sender="unix:///\udcff")
    assert Intake().check(entry) is entry


def test_a_body_has_a_limit():
    intake = Intake(most=3)
    intake.check(Entry(b"abc"))
    with pytest.raises(TooLargeError, match="4 bytes is over the 3"):
        intake.check(Entry(b"abcd"))


@pytest.mark.parametrize("name", ["key", "id", "content_type"])
def test_names_are_short_and_can_be_printed(name):
    intake = Intake()
    intake.check(Entry(b"", **{name: "ü" * 256}))
    with pytest.raises(RefusedError, match="over 256 characters"):
        intake.check(Entry(b"", **{name: "x" * 257}))
    with pytest.raises(RefusedError, match="cannot be printed"):
        intake.check(Entry(b"", **{name: "a\nb"}))


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"NaN", b"[1] 2", b"[" * 100_000])
def test_what_is_said_to_be_json_is_json(body):
    with pytest.raises(RefusedError, match="said to be JSON"):
        Intake().check(Entry(body, content_type="application/json"))


class TestTyped:
    INTAKE = Intake(codec=codec_for(Reading, "json"))

    def test_gets_the_type_of_the_channel(self):
        entry = self.INTAKE.check(Entry(b'{"device": "p", "bar": 2}', content_type="text/plain"))
        assert entry.content_type == "application/json"
        assert entry.body == b'{"device": "p", "bar": 2}'

    def test_what_is_wrong_is_said(self):
        with pytest.raises(DecodeError, match="/bar"):
            self.INTAKE.check(Entry(b'{"device": "p"}'))

    @pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity"])
    def test_numbers_that_json_does_not_have(self, number):
        with pytest.raises(RefusedError, match="is no JSON"):
            self.INTAKE.check(Entry(b'{"device": "p", "bar": %b}' % number))

    def test_their_names_may_stand_in_text(self):
        self.INTAKE.check(Entry(b'{"device": "NaN", "bar": 2}'))

    def test_of_another_codec(self):
        intake = Intake(codec=codec_for(str, "text"))
        intake.check(Entry(b"NaN"))
        with pytest.raises(DecodeError):
            intake.check(Entry(b"\xff"))


class TestKeys:
    def test_from_the_body(self):
        intake = Intake(key_of=key_from_body("a.b"))
        assert intake.check(Entry(b'{"a": {"b": "k"}}')).key == "k"
        assert intake.check(Entry(b'{"a": {"b": [1, true]}}')).key == "[1,true]"
        assert intake.check(Entry(b'{"a": {"b": 7}}')).key == "7"

    @pytest.mark.parametrize(
        "body", [b"{}", b'{"a": 1}', b'{"a": {}}', b"[]", b"no", b"\xff", b"[" * 100_000]
    )
    def test_where_there_is_none(self, body):
        assert Intake(key_of=key_from_body("a.b")).check(Entry(body)).key == ""

    def test_from_the_sender(self):
        assert Intake(key_of=key_from_sender).check(Entry(b"", sender="anna")).key == "anna"

    def test_what_the_publisher_says_stays(self):
        assert Intake(key_of=key_from_sender).check(Entry(b"", "mine", sender="anna")).key == "mine"

    def test_a_key_that_is_found_is_looked_at_too(self):
        with pytest.raises(RefusedError, match="the key has characters"):
            Intake(key_of=key_from_body("k")).check(Entry(b'{"k": "a\\nb"}'))

    def test_the_value_is_there_for_it(self):
        values: list[Any] = []
        intake = Intake(
            codec=codec_for(Reading, "json"), key_of=lambda entry, value: values.append(value) or value.device
        )
        assert intake.check(Entry(b'{"device": "p", "bar": 2}')).key == "p"
        assert values == [Reading(device="p", bar=2.0)]
