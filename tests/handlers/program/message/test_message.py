"""Messages that programs answer."""

from __future__ import annotations

import os
import signal

import pytest
import pytest_twisted
from twisted.internet import reactor as the_reactor
from twisted.internet.task import deferLater

from protocols.framing import Lines, Netstring
from protocols.handlers.deadline import CallTimeoutError
from protocols.handlers.program.message import MessageProgram, Once, Pool
from protocols.session import ForeseenError


@pytest.fixture
def once(runner, script, connection):
    """A session that runs a script for each message."""

    def once(text, **settings):
        invocation = script(text)
        program = MessageProgram(Once(invocation, runner, **settings), invocation, runner)
        session = program.open(connection)
        session.started()
        return session

    return once


@pytest.fixture
def pool(runner, script, connection):
    """Sessions that a pool answers."""

    def pool(text, stdio=None, **settings):
        invocation = script(text)
        options = {"size": 2, "queue": 1, "patience": 5, **settings}
        answers = Pool(invocation, runner, stdio or Lines(), **options)
        session = MessageProgram(answers, invocation, runner).open(connection)
        session.started()
        return session

    return pool


@pytest_twisted.ensureDeferred
async def test_a_process_reads_the_message_and_writes_the_reply(once, connection, until):
    session = once('echo "$COLOUR $TCPREMOTEIP $POLYPORT_SERVICE"; cat')
    session.received(b"hello\n")
    assert session.busy
    await until(lambda: not session.busy)
    assert connection.sent == [b"red 192.0.2.1 service\nhello\n"]
    assert connection.events == ["pause", "resume"]


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(
    ("settings", "replies"),
    [
        ({}, [b"a\n\nb\n"]),
        ({"cut": True}, [b"a\n\nb"]),
        ({"replies": "lines"}, [b"a", b"", b"b"]),
    ],
)
async def test_what_is_one_reply(once, connection, until, settings, replies):
    session = once("printf 'a\\n\\nb\\n'", **settings)
    session.received(b"x")
    await until(lambda: not session.busy)
    assert connection.sent == replies


@pytest_twisted.ensureDeferred
async def test_the_last_line_may_lack_its_end(once, connection, until):
    session = once("printf 'a\\nb'", replies="lines")
    session.received(b"x")
    await until(lambda: not session.busy)
    assert connection.sent == [b"a", b"b"]


@pytest_twisted.ensureDeferred
async def test_lines_are_sent_as_they_come(once, connection, until):
    session = once("echo first; sleep 60", replies="lines")
    session.received(b"x")
    await until(lambda: connection.sent == [b"first"])
    session.closed(None)


@pytest_twisted.ensureDeferred
async def test_no_output_is_no_reply(once, connection, until):
    session = once("cat >/dev/null")
    session.received(b"x")
    await until(lambda: not session.busy)
    assert connection.sent == []


@pytest_twisted.ensureDeferred
async def test_a_program_that_reads_nothing(once, connection, until):
    session = once("exec <&-; echo done")
    session.received(b"x" * 1_000_000)
    await until(lambda: not session.busy)
    assert connection.sent == [b"done\n"]


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(
    ("text", "settings", "kind", "said"),
    [
        ("echo half; exit 3", {}, ForeseenError, "sh ended with exit status 3; nothing of it is sent"),
        ("kill -9 $$", {}, ForeseenError, "sh ended with signal 9; nothing of it is sent"),
        ("sleep 60", {"deadline": 0.1}, CallTimeoutError, "sh took longer than 0.1 s"),
        ("head -c 2000 /dev/zero", {"output": 1000}, ForeseenError, "sh wrote more than 1000 bytes"),
    ],
)
async def test_a_program_that_fails(once, connection, until, text, settings, kind, said):
    session = once(text, **settings)
    session.received(b"x")
    await until(lambda: connection.errors)
    [error] = connection.errors
    assert isinstance(error, kind)
    assert str(error) == said
    assert (connection.sent, connection.events) == ([], ["pause", "fail"])


@pytest_twisted.ensureDeferred
async def test_a_client_that_leaves_ends_its_program(once, runner, until):
    session = once("sleep 60")
    session.received(b"x")
    await until(lambda: len(runner.programs) == 1)
    session.closed(None)
    await until(lambda: len(runner.programs) == 0)


@pytest_twisted.ensureDeferred
async def test_too_many_at_a_time(once, connection, runner, until):
    for _ in range(3):
        once("sleep 60").received(b"x")
    assert runner.waiting == 1
    once("sleep 60").received(b"x")
    assert connection.events[-1] == "close"
    assert connection.errors == []


@pytest_twisted.ensureDeferred
async def test_a_client_that_does_not_read(once, connection, until):
    session = once("echo reply")
    session.received(b"x")
    session.pause_writing()
    await until(lambda: connection.sent)
    assert "resume" not in connection.events
    await until(lambda: len(connection.sent) == 1 and session._has_answered)
    session.resume_writing()
    assert connection.events == ["pause", "resume"]


ECHO = 'while read -r line; do echo "$$ $line"; done'


@pytest_twisted.ensureDeferred
async def test_a_pool_keeps_its_processes(pool, connection, until, runner):
    session = pool(ECHO)
    for message in (b"a", b"b", b"c"):
        session.received(message)
        await until(lambda: not session.busy)
    pids = {reply.split()[0] for reply in connection.sent}
    assert [reply.split()[1] for reply in connection.sent] == [b"a", b"b", b"c"]
    assert len(pids) == 1
    assert len(runner.programs) == 1


@pytest_twisted.ensureDeferred
async def test_a_process_is_replaced_after_so_many_messages(pool, connection, until):
    session = pool(ECHO, recycle=2)
    for _ in range(4):
        session.received(b"x")
        await until(lambda: not session.busy)
    pids = [reply.split()[0] for reply in connection.sent]
    assert pids[0] == pids[1] != pids[2] == pids[3]


@pytest_twisted.ensureDeferred
async def test_one_without_work_is_ended(pool, connection, until, runner):
    session = pool(ECHO, idle=0.05)
    session.received(b"x")
    await until(lambda: connection.sent and len(runner.programs) == 0)


@pytest_twisted.ensureDeferred
async def test_any_bytes_by_netstrings(pool, connection, until):
    session = pool("exec cat", Netstring())
    session.received(b"a\nb\0")
    await until(lambda: not session.busy)
    assert connection.sent == [b"a\nb\0"]


@pytest_twisted.ensureDeferred
async def test_a_message_that_cannot_be_put(pool, connection, until):
    session = pool(ECHO)
    session.received(b"a\nb")
    await until(lambda: not session.busy)
    assert connection.events == ["pause", "reject", "resume"]


@pytest_twisted.ensureDeferred
async def test_a_reply_that_the_carrier_cannot_carry_is_no_fault_of_the_client(once, connection, until):
    def refuse(message):
        raise ValueError("no line")

    connection.send = refuse
    once("printf 'a\\nb'").received(b"x")
    await until(lambda: connection.errors)
    assert connection.events == ["pause", "fail"]


@pytest_twisted.ensureDeferred
async def test_an_empty_reply_is_none(pool, connection, until):
    session = pool("while read -r line; do echo; done")
    session.received(b"x")
    await until(lambda: not session.busy)
    assert connection.sent == []


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(
    ("text", "settings", "said"),
    [
        ("read line", {}, "sh ended instead of answering"),
        ("sleep 60", {"deadline": 0.1}, "sh took longer than 0.1 s"),
        ("read line; printf 'a\\nb\\n'; sleep 60", {}, "sh wrote more than one reply to a message"),
    ],
)
async def test_one_that_fails_at_a_message(pool, connection, until, runner, text, settings, said):
    session = pool(text, **settings)
    session.received(b"x")
    await until(lambda: connection.errors)
    assert [str(error) for error in connection.errors] == [said]
    await until(lambda: len(runner.programs) == 0)


@pytest_twisted.ensureDeferred
async def test_the_next_waits_after_a_failure(pool, connection, until, runner):
    session = pool("read line; exit 1")
    session.received(b"x")
    await until(lambda: connection.errors)
    begun = runner.reactor.seconds()
    again = pool("read line; exit 1")
    again._program = session._program
    again.received(b"x")
    await until(lambda: len(connection.errors) == 2)
    assert runner.reactor.seconds() - begun >= 0.09


@pytest_twisted.ensureDeferred
async def test_those_who_wait_get_the_next_that_is_free(pool, connection, until):
    session = pool(ECHO, size=1)
    other = session._program.open(connection)
    third = session._program.open(connection)
    session.received(b"a")
    other.received(b"b")
    third.received(b"c")
    assert connection.events[-1] == "close"
    await until(lambda: not (session.busy or other.busy))
    assert [reply.split()[1] for reply in connection.sent] == [b"a", b"b"]
    assert len({reply.split()[0] for reply in connection.sent}) == 1


@pytest_twisted.ensureDeferred
async def test_a_second_reply_is_not_taken_for_one_to_the_next(pool, connection, until, runner):
    session = pool('while read -r line; do echo "to $line"; sleep 0.05; echo "again $line"; done', size=1)
    session.received(b"a")
    await until(lambda: not session.busy)
    await until(lambda: len(runner.programs) == 0)
    session.received(b"b")
    await until(lambda: not session.busy)
    assert connection.sent == [b"to a", b"to b"]
    assert connection.errors == []


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("before", ["", "sleep 60 & "])
async def test_one_that_ends_without_work_is_replaced(pool, connection, until, before):
    session = pool(before + ECHO, size=1)
    session.received(b"a")
    await until(lambda: not session.busy)
    os.kill(int(connection.sent[0].split()[0]), signal.SIGKILL)
    [worker] = session._program.answers._free
    await until(lambda: worker.is_over)
    session.received(b"b")
    await until(lambda: not session.busy)
    assert [reply.split()[1] for reply in connection.sent] == [b"a", b"b"]
    assert connection.errors == []


@pytest_twisted.ensureDeferred
async def test_one_that_is_about_to_end_gets_no_more(pool, connection, until, runner):
    session = pool('while read -r line; do echo "$line"; done; sleep 0.15', idle=0.02)
    session.received(b"a")
    await until(lambda: not session.busy)
    await until(lambda: all(process.ending for process in runner.programs))
    session.received(b"b")
    await until(lambda: not session.busy)
    assert connection.sent == [b"a", b"b"]


@pytest_twisted.ensureDeferred
async def test_a_client_that_leaves_does_not_shorten_the_pause(pool, until, runner, connection):
    session = pool('read -r line; [ "$line" = wait ] && sleep 60; exit 1')
    answers = session._program.answers
    session.received(b"x")
    await until(lambda: connection.errors)
    pause = answers._pauses.last
    other = session._program.open(connection)
    other.received(b"wait")
    await until(lambda: any(process.stdout.is_awaited for process in runner.programs))
    other.closed(None)
    await deferLater(the_reactor, 0, lambda: None)
    assert answers._pauses.last == pause > 0
