"""``polyport channel tail``."""

from __future__ import annotations

import json

import pytest_twisted

from protocols.channels import Entry
from protocols.channels.store import READ_MESSAGES


@pytest_twisted.ensureDeferred
async def test_the_newest(asked, shelf):
    shelf.add("readings", *(b"%d" % number for number in range(1, 13)))
    lines = (await asked("channel", "tail", "readings")).output.splitlines()
    assert [line.split()[0] for line in lines] == [str(number) for number in range(3, 13)]
    done = await asked("channel", "tail", "readings", "-n", "2", "--format", "body")
    assert done.output == "11\n12\n"
    assert (await asked("channel", "tail", "readings", "-n", "0")).output == ""


@pytest_twisted.ensureDeferred
async def test_the_newest_of_a_channel_with_nothing(asked, shelf):
    shelf.add("readings")
    done = await asked("channel", "tail", "readings")
    assert (done.exit_code, done.output) == (0, "")


@pytest_twisted.ensureDeferred
async def test_how_a_message_is_shown(asked, shelf):
    shelf.add("readings").publish(
        [Entry(b"a\x1b\xff", "key\n"[:3], content_type="text/plain"), Entry(b"x" * 9000)]
    )
    first, second = (await asked("channel", "tail", "readings")).output.splitlines()
    assert first.split()[2:] == ["key", r"a\x1b\xff"]
    assert (second.endswith("x…"), len(second) < 4200) == (True, True)
    lines = (await asked("channel", "tail", "readings", "--json")).output.splitlines()
    assert json.loads(lines[0])["base64"] == "YRv/"
    done = await asked("channel", "tail", "readings", "-n", "1", "--format", "body")
    assert done.stdout_bytes == b"x" * 9000 + b"\n"


@pytest_twisted.ensureDeferred
async def test_the_newest_of_a_key_that_is_rare(asked, shelf):
    channel = shelf.add("readings")
    channel.publish([Entry(b"%d" % number, "rare" if number % 500 == 1 else "") for number in range(1, 2001)])
    channel.store.trim(1)
    done = await asked("channel", "tail", "readings", "-n", "2", "--key", "rare", "--format", "body")
    assert done.output == "1001\n1501\n"
    done = await asked("channel", "tail", "readings", "--key", "rare", "--format", "body")
    assert done.output == "501\n1001\n1501\n"


@pytest_twisted.ensureDeferred
async def test_from_a_moment_on(asked, shelf):
    shelf.add("readings", *(b"%d" % number for number in range(READ_MESSAGES + 2)))
    done = await asked("channel", "tail", "readings", "--since", "all", "--format", "body")
    assert len(done.output.splitlines()) == READ_MESSAGES + 2
    done = await asked("channel", "tail", "readings", "--since", "last", "--format", "body")
    assert done.output == f"{READ_MESSAGES + 1}\n"
    done = await asked("channel", "tail", "readings", "--since", "soon")
    assert (done.exit_code, done.stderr.startswith("polyport: since is new, last, all")) == (2, True)
