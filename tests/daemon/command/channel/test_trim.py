"""``polyport channel trim``."""

from __future__ import annotations

import pytest_twisted


@pytest_twisted.ensureDeferred
async def test_what_is_forgotten(asked, shelf, typed, kept):
    channel = shelf.add("readings", b"a", b"b", b"c")
    done = await typed("", "trim", "readings", "--through", "2")
    assert (done.exit_code, kept(channel)) == (2, [b"a", b"b", b"c"])
    assert "Forget 2 messages of readings, up to 2 of 3?" in done.stderr
    assert done.stderr.endswith("polyport: nobody has answered; --yes does it without being asked\n")
    done = await asked("channel", "trim", "readings", "--through", "2", "--yes")
    assert (done.output, kept(channel)) == ("2 messages of readings forgotten\n", [b"c"])
    done = await asked("channel", "trim", "readings", "--before", "1h", "--yes")
    assert (done.output, kept(channel)) == ("there is nothing of that\n", [b"c"])
    done = await asked("channel", "trim", "readings", "--through", "99", "--yes")
    assert (done.output, kept(channel)) == ("1 message of readings forgotten\n", [])
