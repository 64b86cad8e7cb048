"""What functions do with channels."""

from __future__ import annotations

import json
import math

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread

from protocols.channels import publish, publish_and_wait, subscribe
from protocols.channels.channel import Channel
from protocols.channels.directory import HERE
from protocols.channels.errors import RefusedError, UnavailableError, UnknownError
from protocols.channels.groups import Group, GroupTerms
from protocols.channels.intake import Intake
from protocols.channels.memory import MemoryLog, MemoryStore
from protocols.channels.message import Receipt
from protocols.codec import DecodeError, codec_for


@pytest.fixture
def channel():
    """The channel `readings` of this process, on the real reactor."""
    made = Channel("readings", MemoryStore(MemoryLog()), clock=reactor)
    made.open()
    made.groups["billing"] = Group(made, "billing", GroupTerms())
    HERE.replace({"readings": made})
    yield made
    HERE.replace({})
    made.close()


def newest(channel):
    return channel.tail.after(channel.last - 1, 1)[0]


class TestPublishing:
    @pytest.mark.parametrize(
        ("value", "body", "content_type"),
        [
            (b"\xff", b"\xff", ""),
            ("Übung", "Übung".encode(), ""),
            ({"a": [1, None]}, b'{"a":[1,null]}', "application/json"),
            (5, b"5", "application/json"),
            (None, b"null", "application/json"),
        ],
    )
    @pytest_twisted.ensureDeferred
    async def test_values(self, channel, value, body, content_type):
        assert await publish("readings", value) == Receipt(1)
        assert newest(channel)[2:] == (body, "", "", "", content_type, ())

    @pytest_twisted.ensureDeferred
    async def test_what_else_is_said(self, channel):
        named = {"key": "k", "id": "x", "content_type": "text/csv", "headers": (("a", "b"),)}
        assert await publish("readings", "a;b", **named) == Receipt(1)
        assert await publish("readings", "a;b", **named) == Receipt(1, False)
        assert newest(channel)[2:] == (b"a;b", "k", "x", "", "text/csv", (("a", "b"),))

    @pytest_twisted.ensureDeferred
    async def test_what_the_channel_does_not_take(self, channel):
        with pytest.raises(RefusedError):
            await publish("readings", "x", key="\n")
        channel._intake = Intake(codec=codec_for(int, "json"))
        with pytest.raises(DecodeError):
            await publish("readings", "x")

    @pytest_twisted.ensureDeferred
    async def test_a_store_that_takes_its_time(self, channel):
        told = Deferred()
        channel.store.append = lambda entries: told
        waiting = publish("readings", "x")
        assert not waiting.called
        told.callback([Receipt(7)])
        assert await waiting == Receipt(7)

    @pytest_twisted.ensureDeferred
    async def test_a_store_that_is_away(self, channel):
        channel.store.close()
        with pytest.raises(UnavailableError):
            await publish("readings", "x")

    @pytest_twisted.ensureDeferred
    async def test_from_a_thread(self, channel):
        assert await deferToThread(publish_and_wait, "readings", {"a": 1}, key="k") == Receipt(1)
        assert (json.loads(newest(channel).body), newest(channel).key) == ({"a": 1}, "k")
        with pytest.raises(RuntimeError, match="publish_and_wait"):
            await deferToThread(publish, "readings", "x")

    @pytest_twisted.ensureDeferred
    async def test_not_to_be_waited_for_where_nothing_else_would_go_on(self, channel, monkeypatch):
        monkeypatch.setattr("protocols.channels.functions.blockingCallFromThread", pytest.fail)
        with pytest.raises(RuntimeError, match="await publish"):
            publish_and_wait("readings", "x")

    @pytest_twisted.ensureDeferred
    async def test_a_number_that_json_does_not_have_is_not_published_as_json(self, channel):
        try:
            await publish("readings", math.nan)
        except RefusedError:
            return
        json.loads(newest(channel).body, parse_constant=pytest.fail)


class TestReading:
    @pytest_twisted.ensureDeferred
    async def test_messages(self, channel):
        await publish("readings", "a", key="k")
        await publish("readings", "b")
        await publish("readings", "c", key="k")
        seqs = []
        async for message in subscribe("readings", since="all", key="k"):
            seqs.append(message.seq)
            if len(seqs) == 2:
                break
        assert seqs == [1, 3]

    @pytest_twisted.ensureDeferred
    async def test_of_a_group(self, channel):
        for number in range(3):
            await publish("readings", number)
        seqs = []
        async with subscribe("readings", group="billing") as messages:
            async for message in messages:
                seqs.append(message.seq)
                if len(seqs) == 3:
                    break
            messages.settle()
        assert seqs == [1, 2, 3]
        channel.close()
        assert (await channel.store.group("billing")).claimed == 0

    @pytest.mark.parametrize("inflight", [0, -1])
    @pytest_twisted.ensureDeferred
    async def test_of_a_group_at_least_one_at_a_time(self, channel, inflight):
        with pytest.raises(ValueError, match="1 or more"):
            subscribe("readings", group="billing", inflight=inflight)

    @pytest_twisted.ensureDeferred
    async def test_since_in_other_words(self, channel):
        with pytest.raises(ValueError, match="since is"):
            subscribe("readings", since="yesterday")

    @pytest_twisted.ensureDeferred
    async def test_not_from_a_thread(self, channel):
        with pytest.raises(RuntimeError, match="only coroutines"):
            await deferToThread(subscribe, "readings")


class TestUnknown:
    @pytest_twisted.ensureDeferred
    async def test_channels(self):
        for use in (lambda: publish("nothing", b""), lambda: subscribe("nothing")):
            with pytest.raises(UnknownError, match="there is no channel 'nothing'"):
                use()
        with pytest.raises(UnknownError):
            await deferToThread(publish_and_wait, "nothing", b"")

    @pytest_twisted.ensureDeferred
    async def test_groups(self, channel):
        with pytest.raises(UnknownError, match="there is no group 'nothing' of the channel 'readings'"):
            subscribe("readings", group="nothing")
