"""Clients and processes, and what becomes of each when the other goes."""

from __future__ import annotations

import pytest

from protocols.handlers.program.shared import feed, instance, session
from protocols.handlers.program.shared.respite import FIRST, LONGEST, STEADY, Respite


@pytest.fixture
def program(make):
    return make()


def test_a_client_is_opened_heard_answered_and_closed(program, runner, connect, clock):
    ann, connection = connect(program)
    ann.received(b"hello")
    ann.received_many([b"a", b"b"], [])
    assert runner.process.stdin.writes == []
    clock.advance(0)
    assert len(runner.process.stdin.writes) == 1
    assert runner.process.told == ["open 1 tcp h 1 - -", "text 1 hello", "text 1 a", "text 1 b"]
    runner.process.says(b"text 1 hi\n")
    assert connection.heard == ["hi"]
    ann.closed(None)
    clock.advance(0)
    assert runner.process.told == ["close 1 "]
    runner.process.says(b"text 1 late\n")
    assert connection.heard == ["hi"]


def test_what_is_said_goes_to_whom_it_is_for_in_one_piece_each(program, runner, connect):
    _, ann = connect(program)
    _, bob = connect(program)
    runner.process.says(b"text all a\ntext all b\n")
    assert ann.heard == bob.heard == ["a|b"]
    runner.process.says(b"text all c\ntext all-1 d\ntext 1,2 e\ntext 1,7 f\n")
    assert ann.heard[1:] == ["c|e|f"]
    assert bob.heard[1:] == ["c|d|e"]
    runner.process.says(b"text 1 g\ntext 1 h\ntext 2 i\ntext 9 j\n")
    assert ann.heard[2:] == ["g|h"]
    assert bob.heard[2:] == ["i"]
    runner.process.dies()
    assert program.instances[0].ignored == 2


def test_order_is_kept_between_texts_others_and_closes(program, runner, connect):
    _, ann = connect(program)
    runner.process.says(b"text 1 a\nbinary 1 b\ntext all c\nclose all-2 bye\ntext 1 d\n")
    assert ann.heard[:3] == ["a", "b", "c"]
    assert ann.closed


def test_numbers_are_never_used_again(program, runner, connect, clock):
    ann, _ = connect(program)
    ann.closed(None)
    connect(program)
    clock.advance(0)
    assert [line.split()[:2] for line in runner.process.told] == [
        ["open", "1"],
        ["close", "1"],
        ["open", "2"],
    ]


def test_a_reason_is_told(program, runner, connect, clock):
    ann, _ = connect(program)
    ann.closed(OSError("reset"))
    clock.advance(0)
    assert runner.process.told[1:] == ["close 1 reset"]


def test_a_message_that_cannot_be_carried_is_left_out_and_the_others_are_not(
    program, runner, connect, failures
):
    _, ann = connect(program)
    _, bob = connect(program)
    runner.process.says(b"text all a\ntext all b\\nc\ntext all d\ntext 1 e\\n\n")
    assert ann.heard == bob.heard == ["a", "d"]
    assert program.unsent == 3
    failures.take(ValueError)  # said once in a while


def test_a_client_that_sends_no_more_is_closed_once_nothing_is_said_to_it(program, runner, connect, clock):
    ann, connection = connect(program)
    ann.ended(None)
    clock.advance(0)
    assert runner.process.told[1:] == ["end 1"]
    clock.advance(session.QUIET * 0.9)
    runner.process.says(b"text 1 a\n")
    clock.advance(session.QUIET * 0.9)
    assert not connection.closed
    clock.advance(session.QUIET)
    assert connection.closed


def test_a_client_that_made_no_sense_is_closed(program, connect):
    ann, connection = connect(program)
    ann.ended(ValueError("no line"))
    assert connection.closed


def test_a_slow_client_is_told_of_and_the_others_are_not_kept(program, runner, connect, clock):
    ann, _ = connect(program)
    ann.pause_writing()
    ann.resume_writing()
    clock.advance(0)
    assert runner.process.told[1:] == ["slow 1", "ready 1"]


def test_clients_wait_for_a_process_that_reads_slowly(program, runner, connect, clock):
    ann, slow = connect(program)
    _, other = connect(program)
    clock.advance(0)
    stdin = runner.process.stdin
    stdin.blocks = True
    ann.received(b"x" * feed.WAITING)
    assert slow.paused
    assert not other.paused
    clock.advance(0)
    ann.received(b"y")
    clock.advance(0)
    assert len(stdin.writes) == 2
    stdin.reads()
    assert not slow.paused
    assert stdin.writes[2:] == [b"text 1 y\n"]


def test_a_process_that_reads_nothing_is_replaced(program, runner, connect, clock, failures):
    ann, connection = connect(program)
    runner.process.stdin.blocks = True
    ann.received(b"x")
    clock.advance(0)
    clock.advance(feed.STUCK / 2)
    runner.process.stdin.changed_at = clock.seconds()
    clock.advance(feed.STUCK / 2)
    assert not runner.process.ending
    clock.advance(feed.STUCK / 2)
    assert runner.process.ending
    assert connection.closed
    assert len(failures.events) == 1
    failures.events.clear()
    runner.process.dies(-15)
    clock.advance(FIRST)
    assert len(runner.processes) == 2


@pytest.mark.parametrize("said", [b"hello\n", b"text 1 a\nshout 1\n"])
def test_nonsense_ends_the_process_and_begins_another(program, runner, connect, clock, failures, said):
    _, connection = connect(program)
    runner.process.says(said)
    assert runner.process.ending
    assert connection.closed
    assert connection.heard == (["a"] if b"text" in said else [])
    (event,) = failures.events
    assert "makes no sense" in event["why"]
    failures.events.clear()
    runner.process.dies()
    clock.advance(FIRST)
    assert len(runner.processes) == 2


def test_clients_of_one_that_died_are_closed(program, runner, connect, clock):
    ann, connection = connect(program)
    runner.process.dies()
    assert connection.closed
    ann.closed(None)
    assert program.instances[0].last_exit == 1
    clock.advance(FIRST)
    assert program.instances[0].restarts == 1
    assert program.instances[0].pid == 2
    connect(program)
    clock.advance(0)
    assert runner.process.told == ["open 1 tcp h 1 - -"]


def test_or_kept_and_opened_anew(make, runner, connect, clock):
    program = make(keeps=True)
    ann, connection = connect(program)
    ann.pause_writing()
    runner.process.dies()
    assert connection.paused
    assert not connection.closed
    clock.advance(FIRST)
    assert not connection.paused
    clock.advance(0)
    assert runner.process.told == ["open 1 tcp h 1 - -", "slow 1"]
    runner.process.says(b"text 1 again\n")
    assert connection.heard == ["again"]


def test_new_clients_wait_for_a_process_and_not_for_ever(make, runner, connect, clock, failures):
    program = make(patience=5)
    runner.fails = OSError(2, "no such file")
    runner.process.dies()
    _, connection = connect(program)
    assert connection.paused
    clock.advance(FIRST)
    clock.advance(5)
    failures.events.clear()
    assert connection.closed


def test_one_that_leaves_while_it_waits_is_never_opened(make, runner, connect, clock):
    program = make()
    runner.process.dies()
    ann, _ = connect(program)
    ann.closed(None)
    clock.advance(FIRST)
    clock.advance(0)
    assert runner.process.told == []


def test_a_program_that_cannot_start_says_so_at_once(make, runner):
    runner.fails = FileNotFoundError(2, "No such file")
    seen = []
    make().begun.addErrback(seen.append)
    assert seen[0].check(FileNotFoundError)


def test_one_without_clients_rests_and_the_next_client_starts_it(make, runner, connect, clock):
    program = make(idle=60)
    assert runner.processes == []
    ann, _ = connect(program)
    ann.closed(None)
    clock.advance(59)
    bob, _ = connect(program)
    clock.advance(60)
    bob.closed(None)
    clock.advance(60)
    assert runner.process.stdin.closed
    assert not runner.process.ending
    runner.process.dies(0)
    clock.advance(100)
    assert len(runner.processes) == 1
    assert program.instances[0].restarts == 0
    connect(program)
    assert len(runner.processes) == 2


def test_one_who_comes_while_it_goes_to_rest_gets_the_next(make, runner, connect, clock):
    program = make(idle=60)
    ann, _ = connect(program)
    ann.closed(None)
    clock.advance(60)
    _, connection = connect(program)
    assert connection.paused
    runner.process.dies(0)
    assert not connection.paused
    assert len(runner.processes) == 2


def test_one_that_does_not_rest_when_told_is_ended(make, runner, connect, clock):
    program = make(idle=60)
    ann, _ = connect(program)
    ann.closed(None)
    clock.advance(60)
    clock.advance(program.close_wait)
    assert runner.process.ending


def test_one_that_closes_its_output_and_runs_on_is_ended(program, runner, connect, clock, failures):
    runner.process.says(None)
    clock.advance(instance.FAREWELL)
    assert runner.process.ending
    failures.events.clear()


def test_one_that_closes_its_input_and_runs_on_is_ended(program, runner, connect, clock, failures):
    runner.process.stdin.close()
    connect(program)
    clock.advance(0)
    clock.advance(instance.FAREWELL)
    assert runner.process.ending
    failures.events.clear()


def test_several_have_the_clients_among_them(make, runner, connect, clock):
    program = make(processes=2)
    connect(program, "a")
    connect(program, "b")
    connect(program, "c")
    clock.advance(0)
    assert runner.processes[0].told == ["open 1 tcp a 1 - -", "open 2 tcp c 1 - -"]
    assert runner.processes[1].told == ["open 1 tcp b 1 - -"]
    runner.processes[1].dies()
    connect(program, "d")
    clock.advance(0)
    assert runner.processes[0].told == ["open 3 tcp d 1 - -"]


def test_at_the_end_clients_are_told_of_before_its_input_is_closed(program, runner, connect, clock):
    _, connection = connect(program)
    clock.advance(0)
    assert runner.process.told
    stopped = program.stop()
    assert runner.process.told == ["close 1 the service ends"]
    assert runner.process.stdin.closed
    assert connection.closed
    assert not runner.stopped
    runner.process.dies(0)
    assert runner.stopped
    assert stopped.called
    assert clock.getDelayedCalls() == []


def test_one_that_does_not_end_is_left_to_the_runner(program, runner, clock):
    program.stop()
    clock.advance(program.close_wait)
    assert runner.stopped


def test_an_end_before_it_has_started(make, runner, clock):
    runner.slow = True
    program = make()
    program.stop()
    runner.go_on()
    assert runner.process.ending


def test_a_respite_grows_and_ends(monkeypatch):
    monkeypatch.setattr("random.uniform", lambda least, most: least)
    respite = Respite()
    waits = [respite.after(0) for _ in range(12)]
    assert waits == sorted(waits)
    assert waits[0] <= FIRST
    assert waits[-1] == LONGEST * 2 / 3
    assert respite.after(STEADY) <= FIRST
