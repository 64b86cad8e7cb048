"""A process for each connection, with the daemon in between."""

from __future__ import annotations

import pytest
import pytest_twisted

from protocols.framing import Lines, Netstring, Raw
from protocols.handlers.program.connection import PipedProgram


@pytest.fixture
def opened(runner, script, connection):
    """A session with a process of its own."""

    def opened(text, stdio=None, **settings):
        session = PipedProgram(script(text), runner, stdio or Raw(), **settings).open(connection)
        session.started()
        return session

    return opened


def running(runner):
    return lambda: len(runner.programs) == 1


@pytest_twisted.ensureDeferred
async def test_what_comes_is_its_input_and_what_it_writes_is_sent(opened, connection, until):
    session = opened("echo $TCPREMOTEIP; exec cat")
    await until(lambda: connection.sent == [b"192.0.2.1\n"])
    assert connection.events == ["pause", "resume"]
    session.received(b"hello")
    await until(lambda: connection.sent[1:] == [b"hello"])
    session.ended(None)
    await until(lambda: connection.events[-1] == "close")


@pytest_twisted.ensureDeferred
async def test_messages_are_marked_on_its_input_and_output(opened, connection, until, runner):
    session = opened('while read -r line; do echo "<$line>"; done; printf last', Lines())
    await until(running(runner))
    session.received(b"a")
    session.received(b"b")
    session.received(b"c\nd")
    assert connection.events[-1] == "reject"
    session.ended(None)
    await until(lambda: connection.events[-1] == "close")
    assert connection.sent == [b"<a>", b"<b>", b"last"]


@pytest_twisted.ensureDeferred
async def test_backpressure_from_the_program(opened, connection, until, runner):
    session = opened("sleep 0.2; cat | wc -c")
    await until(running(runner))
    connection.events.clear()
    session.received(b"x" * 1_000_000)
    assert connection.events == ["pause"]
    await until(lambda: connection.events == ["pause", "resume"])
    session.ended(None)
    await until(lambda: connection.sent)
    assert connection.sent[0].strip() == b"1000000"


@pytest_twisted.ensureDeferred
async def test_backpressure_from_the_client(opened, connection, until, runner):
    session = opened("exec head -c 1000000 /dev/zero")
    session.pause_writing()
    await until(running(runner))
    assert connection.sent == []
    session.resume_writing()
    await until(lambda: connection.events[-1] == "close")
    assert sum(map(len, connection.sent)) == 1_000_000


@pytest_twisted.ensureDeferred
async def test_a_client_that_leaves(opened, runner, until):
    session = opened("trap '' HUP; sleep 60")
    await until(running(runner))
    session.closed(None)
    await until(lambda: len(runner.programs) == 0)


@pytest_twisted.ensureDeferred
async def test_a_client_that_leaves_before_its_turn(opened, runner, until):
    others = [opened("sleep 60") for _ in range(2)]
    session = opened("sleep 60")
    await until(lambda: runner.waiting == 1)
    session.closed(None)
    assert runner.waiting == 0
    for other in others:
        other.closed(None)


@pytest_twisted.ensureDeferred
async def test_no_place_for_it(opened, connection):
    for _ in range(4):
        opened("sleep 60")
    assert connection.events[-1] == "close"
    assert connection.errors == []


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(
    ("text", "stdio", "settings", "said"),
    [
        ("sleep 60", Raw(), {"deadline": 0.1}, "sh took longer than 0.1 s"),
        ("head -c 2000 /dev/zero", Raw(), {"output": 1000}, "sh wrote more than 1000 bytes"),
        ("echo nonsense", Netstring(), {}, "sh: what it wrote is no message: "),
        ("printf 5:ab", Netstring(), {}, "sh: what it wrote ends within a message: "),
    ],
)
async def test_a_program_that_fails(opened, connection, until, runner, text, stdio, settings, said):
    opened(text, stdio, **settings)
    await until(lambda: connection.errors)
    assert str(connection.errors[0]).startswith(said)
    await until(lambda: len(runner.programs) == 0)


@pytest_twisted.ensureDeferred
async def test_one_that_reads_no_more(opened, connection, until, runner):
    session = opened("exec <&-; echo up; sleep 60")
    await until(lambda: connection.sent)
    session.received(b"x" * 1_000_000)
    session.received(b"x")
    assert "fail" not in connection.events
    session.closed(None)


@pytest_twisted.ensureDeferred
async def test_silence_is_the_clients_only_where_it_is_watched(opened, until, runner):
    patient, watching = opened("sleep 60"), opened("sleep 60", watches_silence=True)
    await until(lambda: len(runner.programs) == 2)
    assert (patient.busy, watching.busy) == (True, False)
