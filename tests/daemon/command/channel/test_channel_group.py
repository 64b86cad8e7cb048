"""``polyport channel`` itself, and what all of it has in common."""

from __future__ import annotations

import os

import pytest
import pytest_twisted
from click.testing import CliRunner

from protocols.daemon.command import main
from protocols.daemon.command.channel import CHANNEL_COMMANDS


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
