"""``polyport channel``, and a real daemon."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys

import pytest

YAML = """
channels:
  orders: {store: memory, groups: {billing: {}}}
services:
  echo: {listen: "tcp://127.0.0.1:0", builtin: echo}
"""
PROGRAM = (sys.executable, "-m", "protocols.daemon.command", "channel")
PATIENCE = 30


@pytest.fixture
def config(written, monkeypatch):
    file = written(YAML)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(file.parent))
    return file


@pytest.fixture
def daemon(real_daemon, config):
    return real_daemon(config).ready()


@pytest.fixture
def ask(config):
    def ask(*arguments: str, stdin: bytes = b"") -> tuple[int, str, str]:
        done = subprocess.run(
            [*PROGRAM, *arguments],
            input=stdin,
            cwd=config.parent,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    return ask


@pytest.fixture
def following(config):
    """Start ``polyport channel tail -f``."""
    processes = []

    def start(*arguments: str):
        process = subprocess.Popen(
            [*PROGRAM, "tail", "-f", *arguments],
            cwd=config.parent,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def test_from_the_first_message_to_the_last(daemon, ask, config):
    assert ask("publish", "orders", "--lines", stdin=b"a\nb\r\n\nlast") == (
        0,
        "4 messages published, the last as 4\n",
        "",
    )
    assert ask("tail", "orders", "--format", "body")[1] == "a\nb\n\nlast\n"
    (orders, dead) = json.loads(ask("ls", "--json")[1])
    assert (orders["name"], orders["store"], orders["last"], dead["name"]) == (
        "orders",
        "memory",
        4,
        "orders-dead",
    )
    assert orders["groups"] == [{"name": "billing", "position": 0, "lag": 4, "claimed": 0, "members": 0}]
    assert ask("trim", "orders", "--through", "3", "-y")[1] == "3 messages of orders forgotten\n"
    assert [json.loads(line)["body"] for line in ask("replay", "orders")[1].splitlines()] == ["last"]
    assert ask("publish", "orders-dead", "given up")[0] == 0
    assert ask("dead", "orders", "retry", "-y")[1] == "1 dead letter published again in orders\n"
    assert ask("tail", "orders", "-n", "1", "--format", "body")[1] == "given up\n"


def test_what_comes_is_followed_until_somebody_has_enough(daemon, ask, following):
    ask("publish", "orders", "old")
    process = following("orders", "--format", "body")
    assert process.stdout.readline() == b"old\n"
    for body in ("one", "two"):
        ask("publish", "orders", body)
        assert process.stdout.readline() == f"{body}\n".encode()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out, err) == (130, b"", b"")


def test_a_follower_ends_with_the_daemon(daemon, ask, following):
    ask("publish", "orders", "old")
    process = following("orders", "--json")
    assert json.loads(process.stdout.readline())["body"] == "old"
    daemon.stop()
    assert process.wait(PATIENCE) == 1
    # Whichever it is told of first: the end of the connection, or what it has asked into the void.
    assert re.search(rb"^polyport: the .*connection.* (it stops|is lost)", process.stderr.read())


def test_a_reader_that_goes_is_no_error(daemon, ask, config):
    ask("publish", "orders", "--lines", stdin=b"line\n" * 20_000)
    done = subprocess.run(
        f"{' '.join(PROGRAM)} replay orders | head -1",
        shell=True,
        cwd=config.parent,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, json.loads(done.stdout)["seq"], done.stderr) == (0, 1, b"")


SHARED = """
server: {workers: 2}
channels: {orders: {}}
services:
  taps: {listen: "tcp://127.0.0.1:0", channel: {name: orders, mode: subscribe, since: all}}
"""


def test_several_processes_are_one(real_daemon, ask, config, connect):
    config.write_text(SHARED)
    daemon = real_daemon(config).ready()
    assert ask("publish", "orders", "--lines", stdin=b"one\ntwo\n")[0] == 0
    with connect(daemon.port("taps")) as first, connect(daemon.port("taps")) as second:
        assert [client.line() for client in (first, second) for _ in range(2)] == [b"one", b"two"] * 2
        (orders,) = json.loads(ask("ls", "--json")[1])
        assert (orders["store"], orders["last"], orders["subscribers"]) == ("sqlite", 2, 2)
        assert (orders["counts"]["published"], orders["counts"]["delivered"]) == (2, 4)
    assert ask("trim", "orders", "--through", "1", "-y")[1] == "1 message of orders forgotten\n"
    assert ask("tail", "orders", "--format", "body")[1] == "two\n"
