"""``polyport channel publish``."""

from __future__ import annotations

import json

import pytest_twisted


@pytest_twisted.ensureDeferred
async def test_one_message(asked, shelf, typed, kept):
    channel = shelf.add("readings")
    done = await asked("channel", "publish", "readings", "all well", "--key", "k", "--id", "a")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "1\n", "")
    done = await asked("channel", "publish", "readings", "again", "--id", "a")
    assert (done.exit_code, done.stdout) == (0, "1\n")
    assert done.stderr == "polyport: message 1 of readings has that id already\n"
    done = await typed("typed\n", "publish", "readings", "--json")
    assert json.loads(done.output) == {"seq": 2, "is_new": True}
    done = await typed("{}", "publish", "readings", "-", "--type", "application/json")
    assert done.exit_code == 0
    assert kept(channel) == [b"all well", b"typed\n", b"{}"]
    assert channel.tail.after(0, 1)[0].key == "k"


@pytest_twisted.ensureDeferred
async def test_a_message_that_is_refused(asked, shelf):
    shelf.add("readings")
    done = await asked("channel", "publish", "readings", "{", "--type", "application/json")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("polyport: the body is said to be JSON, and is none")
