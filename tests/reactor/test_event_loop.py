"""asyncio's event loop in the reactor: signals, and what nobody catches."""

from __future__ import annotations

import asyncio
import gc
import select
import signal
import threading
from collections.abc import Iterator

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.logger import eventAsText, globalLogPublisher

from protocols.reactor.event_loop import EventLoop
from protocols.reactor.reactor import Reactor
from protocols.reactor.selector import SharedSelector


@pytest.fixture
def loop() -> Iterator[EventLoop]:
    """A loop that does not run."""
    with select.epoll() as poller:
        loop = EventLoop(SharedSelector(poller, lambda timeout: poller.poll(timeout)))
        yield loop
        loop.close()


@pytest.fixture
def unhandled() -> Iterator[signal.Signals]:
    """A signal that nothing handles; it is as it was after the test."""
    before = signal.signal(signal.SIGUSR2, signal.SIG_DFL)
    yield signal.SIGUSR2
    signal.signal(signal.SIGUSR2, before)


@pytest.mark.parametrize("number", [0, -1, 1000])
def test_a_number_that_is_no_signal(loop, number):
    with pytest.raises(ValueError, match="no signal"):
        loop.add_signal_handler(number, print)
    with pytest.raises(ValueError, match="no signal"):
        loop.remove_signal_handler(number)


def test_a_signal_is_a_number(loop):
    with pytest.raises(TypeError):
        loop.add_signal_handler("SIGUSR2", print)
    with pytest.raises(TypeError):
        loop.remove_signal_handler("SIGUSR2")


def test_a_signal_that_cannot_be_caught(loop):
    with pytest.raises(RuntimeError, match="cannot be handled"):
        loop.add_signal_handler(signal.SIGKILL, print)
    assert not loop.remove_signal_handler(signal.SIGKILL)


def test_a_thread_that_is_not_the_main_one(loop, unhandled):
    raised = []

    def add() -> None:
        try:
            loop.add_signal_handler(unhandled, print)
        except RuntimeError as error:
            raised.append(error)

    thread = threading.Thread(target=add)
    thread.start()
    thread.join()
    assert len(raised) == 1
    assert signal.getsignal(unhandled) == signal.SIG_DFL


def test_a_coroutine_is_refused(loop, unhandled):
    async def handler() -> None:
        """Never runs."""

    with pytest.raises(TypeError, match="coroutine"):
        loop.add_signal_handler(unhandled, handler)
    coroutine = handler()
    with pytest.raises(TypeError, match="coroutine"):
        loop.add_signal_handler(unhandled, coroutine)
    coroutine.close()


def test_removing_says_whether_there_was_anything(loop, unhandled):
    assert loop.remove_signal_handler(unhandled) is False
    loop.add_signal_handler(unhandled, print)
    assert loop.remove_signal_handler(unhandled) is True
    assert loop.remove_signal_handler(unhandled) is False
    assert signal.getsignal(unhandled) == signal.SIG_DFL


def test_removing_restores_what_handled_the_signal_before(loop, unhandled):
    def before(number, frame): ...

    signal.signal(unhandled, before)
    loop.add_signal_handler(unhandled, print)
    loop.add_signal_handler(unhandled, list)
    loop.remove_signal_handler(unhandled)
    assert signal.getsignal(unhandled) is before
    signal.signal(unhandled, signal.SIG_DFL)


def test_closing_removes_signal_handlers(loop, unhandled):
    loop.add_signal_handler(unhandled, print)
    loop.close()
    assert signal.getsignal(unhandled) == signal.SIG_DFL
    loop.close()
    assert loop.is_closed()


def test_a_loop_that_runs_cannot_be_closed_and_keeps_its_handlers(our_reactor, unhandled):
    came: Deferred[None] = Deferred()
    our_reactor.loop.add_signal_handler(unhandled, came.callback, None)
    with pytest.raises(RuntimeError):
        our_reactor.loop.close()
    assert signal.getsignal(unhandled) != signal.SIG_DFL
    our_reactor.loop.remove_signal_handler(unhandled)


def test_a_loop_that_is_forgotten_closes_itself():
    poller = select.epoll()
    loop = EventLoop(SharedSelector(poller, lambda timeout: poller.poll(timeout)))
    self_pipe = loop._ssock
    del loop
    gc.collect()
    assert self_pipe.fileno() == -1
    poller.close()


def signals_and_children() -> None:
    """A signal of the loop's comes, then a child of Twisted's ends, then one of asyncio's loop's signals
    again."""
    import os
    import signal
    import sys

    from twisted.internet import reactor
    from twisted.internet.protocol import ProcessProtocol

    said = []

    class Child(ProcessProtocol):
        def processEnded(self, reason):
            said.append(f"ended {reason.value.exitCode}")
            os.kill(os.getpid(), signal.SIGUSR1)

    def came(what):
        said.append(what)
        if len(said) == 1:
            reactor.spawnProcess(Child(), sys.executable, [sys.executable, "-c", "raise SystemExit(3)"])
        else:
            reactor.stop()

    def start():
        before = signal.set_wakeup_fd(-1)
        signal.set_wakeup_fd(before)
        reactor.loop.add_signal_handler(signal.SIGUSR1, came, "signal")
        after = signal.set_wakeup_fd(-1)
        signal.set_wakeup_fd(after)
        assert before == after != -1
        os.kill(os.getpid(), signal.SIGUSR1)

    reactor.callWhenRunning(start)
    reactor.run()
    print(said)


def test_twisted_hears_of_children_while_the_loop_handles_signals(in_child):
    assert in_child(signals_and_children).stdout == "['signal', 'ended 3', 'signal']\n"


@pytest.fixture
def logged():
    """The events that are logged meanwhile."""
    events = []
    globalLogPublisher.addObserver(events.append)
    yield events
    globalLogPublisher.removeObserver(events.append)


def test_an_exception_that_nobody_catches_is_logged_with_its_traceback(loop, logged, failures):
    def divide() -> None:
        loop.stop()
        _ = 1 // 0

    handle = asyncio.Handle(divide, (), loop)
    handle._run()
    failures.take(ZeroDivisionError)
    (event,) = logged
    assert event["log_namespace"] == "protocols.reactor.event_loop"
    text = eventAsText(event)
    assert "divide" in text
    assert "ZeroDivisionError" in text


def test_a_complaint_without_an_exception_is_logged_without_one(loop, logged, failures):
    loop.call_exception_handler({"message": "something is odd", "protocol": "here"})
    (event,) = logged
    assert eventAsText(event).endswith("asyncio: something is odd (here)")
    failures.events.clear()


async def failed_task(reactor: Reactor) -> asyncio.Task[None]:
    """A task that has failed, whose exception nobody has asked for."""

    async def fail() -> None:
        raise ZeroDivisionError

    over: Deferred[None] = Deferred()
    task = reactor.loop.create_task(fail())
    task.add_done_callback(lambda _: over.callback(None))
    await over
    await deferLater(reactor, 0)  # the loop has let go of it
    return task


@pytest_twisted.ensureDeferred
async def test_a_task_whose_exception_was_never_retrieved(our_reactor, logged, failures):
    await failed_task(our_reactor)
    gc.collect()
    failures.take(ZeroDivisionError)
    assert eventAsText(logged[0]).count("Task exception was never retrieved") == 1


@pytest_twisted.ensureDeferred
async def test_a_task_whose_exception_was_retrieved(our_reactor, logged):
    task = await failed_task(our_reactor)
    assert isinstance(task.exception(), ZeroDivisionError)
    del task
    gc.collect()
    assert logged == []
