"""``polyport channel replay``."""

from __future__ import annotations

import json

import pytest_twisted

from protocols.channels.store import READ_MESSAGES


@pytest_twisted.ensureDeferred
async def test_history(asked, shelf, tmp_path):
    shelf.add("readings", *(b"%d" % number for number in range(READ_MESSAGES + 2)))
    done = await asked("channel", "replay", "readings", "--since", "1")
    assert [json.loads(line)["seq"] for line in done.output.splitlines()] == [*range(2, READ_MESSAGES + 3)]
    done = await asked("channel", "replay", "readings", "-o", "out.ndjson")
    assert (done.exit_code, done.stdout) == (0, "")
    assert f"{READ_MESSAGES + 2} messages written to out.ndjson" in done.stderr
    assert len((tmp_path / "out.ndjson").read_bytes().splitlines()) == READ_MESSAGES + 2
    done = await asked("channel", "replay", "readings", "-o", "out.ndjson")
    assert (done.exit_code, "out.ndjson exists" in done.stderr) == (2, True)


@pytest_twisted.ensureDeferred
async def test_history_with_nothing(asked, shelf):
    shelf.add("readings")
    done = await asked("channel", "replay", "readings", "--key", "k")
    assert (done.exit_code, done.output) == (0, "")


@pytest_twisted.ensureDeferred
async def test_a_group_goes_through_it_again(asked, shelf, typed):
    channel = shelf.add("orders", b"a", b"b", b"c", groups=["billing"])
    await channel.store.claim("billing", 10, 60.0)
    channel.store.trim(1)
    done = await typed("n\n", "replay", "orders", "--group", "billing")
    assert done.exit_code == 2
    assert "Have billing go on behind message 1 of orders, with 2 messages?" in done.stderr
    assert done.stderr.endswith("polyport: nothing is done\n")
    assert (await channel.store.group("billing")).claimed == 2
    done = await typed("y\n", "replay", "orders", "--group", "billing", "--since", "2")
    assert (done.exit_code, done.stdout) == (0, "billing of orders goes on behind message 2\n")
    assert (await channel.store.group("billing"))[:2] == (2, 1)
