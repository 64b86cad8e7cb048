"""``polyport channel``, beside a control socket with channels in memory behind it."""

from __future__ import annotations

import json
import os

import pytest
import pytest_twisted
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from twisted.internet.threads import deferToThread

from protocols.channels import Entry
from protocols.channels.store import READ_MESSAGES
from protocols.daemon.command import main
from protocols.daemon.command.channel import CHANNEL_COMMANDS


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


def kept(channel) -> list[bytes]:
    return [message.body for message in channel.tail.after(channel.store.extent.first - 1, 10_000)]


# the group


def test_help_lists_every_command():
    result = CliRunner().invoke(main, ["channel", "-h"])
    assert result.exit_code == 0
    assert all(f"\n  {name} " in result.output for name in CHANNEL_COMMANDS)


@pytest.mark.parametrize("name", CHANNEL_COMMANDS)
def test_each_explains_itself(name):
    result = CliRunner().invoke(main, ["channel", name, "--help"])
    assert result.exit_code == 0
    assert "Exit status:" in result.output
    assert f"polyport channel {name}" in result.output.partition("Examples:")[2]


def test_an_unknown_command_is_wrong_usage():
    result = CliRunner().invoke(main, ["channel", "tial"])
    assert result.exit_code == 2
    assert "Did you mean tail?" in result.output


def test_the_shell_completes_the_names_of_channels(polyport, runtime_folder):
    (runtime_folder / "polyport.yaml").write_text("channels: {readings: {}, requests: {}, orders: {}}\n")
    words = {
        "COMP_WORDS": "polyport channel tail re",
        "COMP_CWORD": "3",
        "_POLYPORT_COMPLETE": "bash_complete",
    }
    done = polyport(env={**os.environ, **words}, cwd=runtime_folder)
    assert done.stdout.decode().split() == ["plain,readings", "plain,requests"]


@pytest.mark.parametrize("name", ["tail", "publish", "replay", "trim", "dead", "ls"])
def test_without_a_daemon(name, runtime_folder):
    more = {"publish": ["x"], "trim": ["--through", "1"]}.get(name, [])
    done = CliRunner().invoke(main, ["channel", name, "readings", *more])
    assert (done.exit_code, done.output.splitlines()[0]) == (
        1,
        "polyport: no daemon for polyport.yaml can be reached:",
    )


@pytest.mark.parametrize("name", ["tail", "publish", "replay", "trim", "dead", "ls"])
@pytest_twisted.ensureDeferred
async def test_a_channel_that_there_is_not(asked, name):
    more = {"publish": ["x"], "trim": ["--through", "1"]}.get(name, [])
    done = await asked("channel", name, "readings", *more)
    assert (done.exit_code, done.stderr) == (2, "polyport: there is no channel readings; there are: none\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["tail", "x", "-n", "1", "--since", "all"], "-n is for the newest"),
        (["publish", "x", "body", "--lines"], "--lines is for standard input"),
        (["publish", "x", "--lines", "--id", "a"], "--lines is for standard input"),
        (["replay", "x", "--group", "g", "--key", "k"], "with --group nothing is written"),
        (["trim", "x"], "one of --through and --before"),
        (["trim", "x", "--through", "1", "--before", "2h"], "one of --through and --before"),
        (["trim", "x", "--before", "last"], "'last' is no time"),
        (["trim", "x", "--before", "soon"], "'soon' is no time"),
        (["dead", "x", "ls", "7"], "letters are named for retry and drop"),
        (["dead", "x", "drop", "--json"], "--json and -n are for the list"),
        (["dead", "x", "bury"], "'bury' is not one of"),
    ],
)
@pytest_twisted.ensureDeferred
async def test_wrong_usage(asked, arguments, words):
    done = await asked("channel", *arguments)
    assert done.exit_code == 2
    assert words in done.stderr


# ls


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


# tail


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


# publish


@pytest_twisted.ensureDeferred
async def test_one_message(asked, shelf, typed):
    channel = shelf.add("readings")
    done = await asked("channel", "publish", "readings", "all well", "--key", "k", "--id", "a")
    assert done.output == "published as message 1 of readings\n"
    done = await asked("channel", "publish", "readings", "again", "--id", "a")
    assert done.output == "message 1 of readings has that id already\n"
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


# replay


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


# trim


@pytest_twisted.ensureDeferred
async def test_what_is_forgotten(asked, shelf, typed):
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


# dead


@pytest_twisted.ensureDeferred
async def test_dead_letters(asked, shelf, typed):
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
    done = await asked("channel", "dead", "orders", "retry", "3", "-y")
    assert (done.output, kept(channel)) == ("1 dead letter published again in orders\n", [b"c"])
    done = await asked("channel", "dead", "orders", "drop", "3", "-y")
    assert (done.exit_code, done.stderr) == (2, "0 dead letters dropped; 1 more that there are not\n")
    done = await asked("channel", "dead", "orders", "drop", "--group", "billing", "-y")
    assert done.output == "1 dead letter dropped\n"
    assert len(json.loads((await asked("channel", "dead", "orders", "--json")).output)) == 1
