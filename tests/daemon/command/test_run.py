"""``polyport run``: what it makes of its arguments, and that it serves."""

from __future__ import annotations

import json
import signal
import sys

import pytest
from click.testing import CliRunner
from twisted.scripts import twistd

from protocols.daemon.command import main


@pytest.fixture
def command_line(monkeypatch):
    """The command line that twistd would be given."""
    monkeypatch.setattr(sys, "argv", list(sys.argv))
    given = []
    monkeypatch.setattr(twistd, "run", lambda: given.append(sys.argv))

    def run(*arguments: str) -> list[str]:
        result = CliRunner().invoke(main, ["run", *arguments])
        assert result.exit_code == 0, result.output
        return given[-1]

    return run


def test_without_arguments(command_line):
    assert command_line() == [
        "twistd",
        "--nodaemon",
        "--pidfile=",
        "polyport",
        "--config=polyport.yaml",
        "--log-level=info",
    ]


def test_with_all_of_them(command_line):
    given = command_line("x.yaml", "--log", "json", "--log-level", "debug", "--reactor", "asyncio")
    assert given[3:] == [
        "--reactor=asyncio",
        "polyport",
        "--config=x.yaml",
        "--log=json",
        "--log-level=debug",
    ]


def test_a_file_that_looks_like_an_option(command_line):
    assert "--config=-n.yaml" in command_line("--", "-n.yaml")


@pytest.mark.parametrize("option", ["--log", "--log-level"])
def test_values_that_are_not_known(option):
    result = CliRunner().invoke(main, ["run", option, "nonsense"])
    assert result.exit_code == 2
    assert "nonsense" in result.output


@pytest.mark.parametrize("reactor", [None, "asyncio"])
def test_it_serves_until_it_is_told_to_stop(started, tmp_path, polyport, reactor):
    (tmp_path / "p.yaml").write_text("services: {echo: {listen: 'tcp://127.0.0.1:0', builtin: echo}}")
    chosen = ["--reactor", reactor] if reactor else []
    process = started("run", str(tmp_path / "p.yaml"), "--log", "json", *chosen)
    address = ""
    for line in process.stdout:
        event = json.loads(line)
        address = event["address"] if event.get("service") == "echo" else address
        if "ready" in event["message"]:
            break
    assert polyport("send", "--framing", "raw", "-n", "1", address, "hello").stdout == b"hello"
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == 0


def test_problems_are_status_2(polyport, tmp_path):
    done = polyport("run", "nowhere.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert b"nowhere.yaml: " in done.stderr
    assert b"Traceback" not in done.stderr
