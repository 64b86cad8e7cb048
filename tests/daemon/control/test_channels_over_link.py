"""Operations on channels at the other end of a link."""

from __future__ import annotations

import socket
from base64 import b64encode

import pytest
import pytest_twisted
from twisted.internet import reactor

from protocols.channels import Entry
from protocols.daemon.control.channel_messages import NewMessage
from protocols.daemon.control.link import linked
from protocols.daemon.control.operations import OperationError
from protocols.daemon.control.over_link import RemoteOperations, served


@pytest.fixture
def ends(operations):
    one, other = socket.socketpair()
    links = linked(one, None, reactor), linked(other, served(operations), reactor)
    yield links
    for link in links:
        link.abort()


@pytest.fixture
def remote(ends):
    return RemoteOperations(ends[0]).channels


@pytest.fixture
def shelf(operations):
    return operations.shelf


@pytest_twisted.ensureDeferred
async def test_what_is_read_and_published(remote, shelf):
    shelf.add("readings")
    new = NewMessage(base64=b64encode(b"\0x").decode(), key="k", id="a", content_type="text/plain")
    (published,) = await remote.publish("readings", [new])
    assert (published.seq, published.is_new) == (1, True)
    assert await remote.position("readings", "new") == 1
    page = await remote.page("readings", 0, most=5, key="k")
    assert [one.message.body for one in page.messages] == [b"\0x"]
    assert (await remote.export("readings", 0, 1)).messages == 1


@pytest_twisted.ensureDeferred
async def test_somebody_waits_at_the_other_end(remote, shelf):
    channel = shelf.add("readings")
    waiting = remote.page("readings", 0, wait=20.0)
    await remote.position("readings", "new")  # what was asked before has come there
    channel.publish([Entry(b"x")])
    assert (await waiting).position == 1


@pytest_twisted.ensureDeferred
async def test_what_is_changed(remote, shelf):
    shelf.add("orders-dead")
    channel = shelf.add("orders", b"a", b"b", groups=["billing"], dead="orders-dead")
    for body in (b"x", b"y"):
        shelf.bury("orders-dead", body)
    assert (await remote.trim("orders", 1)).done
    assert (await remote.rewind("orders", "billing", 1)).done
    first, _ = await remote.dead("orders", "billing", 5)
    assert (first.letter.message.body, first.error) == (b"x", "no such customer")
    assert (await remote.retry("orders", letters=[1])).done
    assert (await remote.drop("orders")).text == "1 dead letter dropped"
    assert channel.last == 3


@pytest_twisted.ensureDeferred
async def test_what_makes_no_sense(remote):
    with pytest.raises(OperationError, match="there is no channel readings; there are: none"):
        await remote.trim("readings", 1)


@pytest.mark.parametrize(
    ("do", "arguments", "problem"),
    [
        ("channel_trim", {"channel": "readings", "through": "1"}, "through: Input should be a valid integer"),
        ("channel_trim", {"channel": "readings"}, "through: Missing required argument"),
        ("channel_page", {"channel": 7, "after": 0}, "channel: Input should be a valid string"),
        ("channel_page", {"channel": "readings", "after": True}, "after: Input should be a valid integer"),
        ("channel_page", {"channel": "x", "after": 0, "more": 1}, "more: Unexpected keyword argument"),
        ("channel_publish", {"channel": "readings", "messages": [7]}, "messages.0: Input should be"),
        ("channel_publish", {"channel": "readings", "messages": [{}]}, "base64: Field required"),
        ("channel_drop", {"channel": "readings", "letters": ["1"]}, "letters.0: Input should be"),
    ],
)
@pytest_twisted.ensureDeferred
async def test_arguments_are_what_they_are_to_be(ends, shelf, do, arguments, problem):
    shelf.add("readings")
    with pytest.raises(OperationError, match=problem):
        await ends[0].call(do, **arguments)


@pytest_twisted.ensureDeferred
async def test_what_is_no_base64(ends, shelf):
    shelf.add("readings")
    with pytest.raises(OperationError, match="base64"):
        await ends[0].call("channel_publish", channel="readings", messages=[{"base64": "x"}])
