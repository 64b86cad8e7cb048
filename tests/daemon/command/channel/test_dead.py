"""``polyport channel dead``."""

from __future__ import annotations

import json

import pytest_twisted
from jsonschema import Draft202012Validator


@pytest_twisted.ensureDeferred
async def test_dead_letters(asked, shelf, typed, kept):
    shelf.add("orders-dead")
    channel = shelf.add("orders", groups=["billing", "audit"], dead="orders-dead")
    assert (await asked("channel", "dead", "orders")).output == "no dead letters\n"
    for body, group in ((b"a\x1b", "billing"), (b"b", "audit"), (b"c", "billing")):
        shelf.bury("orders-dead", body, group)
    lines = (await asked("channel", "dead", "orders")).output.splitlines()
    assert lines[0].split() == ["LETTER", "GROUP", "MESSAGE", "AGE", "TRIES", "ERROR", "BODY"]
    assert lines[1].split()[:3] == ["1", "billing", "7"]
    assert lines[1].split()[-4:] == ["no", "such", "customer", r"a\x1b"]
    schema = json.loads((await asked("channel", "dead", "orders", "--schema")).output)
    found = json.loads((await asked("channel", "dead", "orders", "--group", "audit", "--json")).output)
    Draft202012Validator(schema).validate(found)
    assert [one["group"] for one in found] == ["audit"]
    done = await typed("n\n", "dead", "orders", "retry")
    assert (done.exit_code, "Publish all dead letters of orders in it again?" in done.stderr) == (2, True)
    done = await typed("n\n", "dead", "orders", "retry", "3")
    assert "Publish 1 dead letter of orders in it again?" in done.stderr
    done = await typed("n\n", "dead", "orders", "drop", "2", "3")
    assert "Drop 2 dead letters of orders?" in done.stderr
    done = await asked("channel", "dead", "orders", "retry", "3", "-y")
    assert (done.output, kept(channel)) == ("1 dead letter published again in orders\n", [b"c"])
    done = await asked("channel", "dead", "orders", "drop", "3", "-y")
    assert (done.exit_code, done.stderr) == (2, "0 dead letters dropped; 1 more that there are not\n")
    done = await asked("channel", "dead", "orders", "drop", "--group", "billing", "-y")
    assert done.output == "1 dead letter dropped\n"
    assert len(json.loads((await asked("channel", "dead", "orders", "--json")).output)) == 1
