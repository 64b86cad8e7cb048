"""``polyport channel``, beside a control socket with channels in memory behind it."""

from __future__ import annotations

import pytest
from click.testing import CliRunner
from twisted.internet.threads import deferToThread

from protocols.daemon.command import main


@pytest.fixture
def shelf(operations):
    return operations.shelf


@pytest.fixture
def told(operations):
    """What the daemon says of its channels when it is asked how it is."""
    from protocols.daemon.control.channel_figures import AllFigures

    async def look():
        from twisted.internet import reactor

        channels = await AllFigures(operations.shelf.channels, reactor).statuses()
        operations.told = operations.told.model_copy(update={"channels": channels})

    return look


@pytest.fixture
def typed(asked):
    """Run it with something on standard input."""

    def run(text, *arguments):
        return deferToThread(CliRunner().invoke, main, ["channel", *arguments], input=text)

    return run


@pytest.fixture
def kept():
    """The bodies that a channel has."""

    def kept(channel) -> list[bytes]:
        first = channel.store.extent.first
        return [message.body for message in channel.tail.after(first - 1, 10_000)]

    return kept
