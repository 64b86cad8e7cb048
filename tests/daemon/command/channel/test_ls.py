"""``polyport channel ls``."""

from __future__ import annotations

import json

import pytest_twisted
from jsonschema import Draft202012Validator


@pytest_twisted.ensureDeferred
async def test_the_list(asked, shelf, told):
    done = await asked("channel", "ls")
    assert (done.exit_code, done.output) == (0, "no channels\n")
    shelf.add("orders-dead")
    shelf.add("orders", b"a", b"b", groups=["billing"], dead="orders-dead")
    await told()
    done = await asked("channel", "ls")
    rows = [line.split() for line in done.output.splitlines()]
    assert rows[0][:4] == ["CHANNEL", "STORE", "MESSAGES", "SIZE"]
    assert [row[0] for row in rows if row] == ["CHANNEL", "orders-dead", "orders", "GROUP", "billing"]
    assert rows[-1] == ["billing", "orders", "0", "0", "2", "0"]
    done = await asked("channel", "ls", "orders-dead")
    assert "billing" not in done.output


@pytest_twisted.ensureDeferred
async def test_the_list_as_json_is_as_its_schema_says(asked, shelf, told):
    shelf.add("orders", b"a")
    await told()
    schema = json.loads((await asked("channel", "ls", "--schema")).output)
    found = json.loads((await asked("channel", "ls", "--json")).output)
    Draft202012Validator(schema).validate(found)
    assert [one["name"] for one in found] == ["orders"]


@pytest_twisted.ensureDeferred
async def test_status_tells_of_channels(asked, shelf, told):
    shelf.add("orders", b"a")
    await told()
    assert "\norders   memory         1  " in (await asked("status")).output
