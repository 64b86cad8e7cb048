from __future__ import annotations

import gc
import threading
import weakref
from contextvars import ContextVar

import pytest

from protocols.handlers import CallTimeoutError
from protocols.handlers.threads import ABANDONED, GRACE, ThreadPool


@pytest.fixture
def pool(clock):
    pools: list[ThreadPool] = []

    def pool(workers: int) -> ThreadPool:
        pools.append(ThreadPool(clock, workers, "tested"))
        return pools[-1]

    yield pool
    for each in pools:
        each.stop()


@pytest.fixture
def gate():
    """What blocked functions wait for; opened at the end, so that their threads can go."""
    gate = threading.Event()
    yield gate
    gate.set()


def results(*deferreds):
    found = [None] * len(deferreds)
    for index, deferred in enumerate(deferreds):
        deferred.addBoth(lambda value, index=index: found.__setitem__(index, value))
    return found


def test_calls_run_side_by_side_up_to_the_workers(pool, clock):
    meeting = threading.Barrier(3)
    found = results(*(pool(3).call(meeting.wait, 20) for _ in range(1)))
    meeting.abort()
    clock.until(lambda: found[0] is not None)
    assert found[0].check(threading.BrokenBarrierError)

    together = threading.Barrier(3)
    crowd = pool(3)
    found = results(*(crowd.call(together.wait, 20) for _ in range(3)))
    clock.until(lambda: None not in found)
    assert sorted(found) == [0, 1, 2]


def test_an_idle_thread_is_used_again(pool, clock):
    few = pool(5)
    for _ in range(3):
        found = results(few.call(threading.get_ident))
        clock.until(lambda found=found: found[0])
    assert few._threads == 1


def test_abandoned_threads_are_replaced_in_full(pool, clock, gate):
    crowd = pool(3)
    running = threading.Semaphore(0)
    stuck = [crowd.call(lambda: (running.release(), gate.wait())) for _ in range(3)]
    found = results(*stuck)
    started = threading.Barrier(4)
    for _ in range(3):
        assert running.acquire(timeout=20)
    for each in stuck:
        each.cancel()
    assert all(failure is not None for failure in found)
    clock.advance(GRACE)
    fresh = results(*(crowd.call(started.wait, 20) for _ in range(3)))
    started.wait(20)
    clock.until(lambda: None not in fresh)
    gate.set()
    clock.until(lambda: crowd._abandoned == 0)
    assert crowd._threads == 3


def test_no_more_than_so_many_are_replaced(pool, clock, gate):
    one = pool(1)
    for _ in range(ABANDONED + 5):
        running = threading.Event()
        call = one.call(lambda running=running: (running.set(), gate.wait()))
        results(call)
        if one._threads - one._abandoned:
            assert running.wait(20)
        call.cancel()
        clock.advance(GRACE)
    assert one._threads == ABANDONED + 1
    gate.set()
    clock.until(lambda: one._abandoned == 0)
    assert one._threads == 1


def test_cancelled_call_that_has_not_begun_never_does(pool, clock, gate):
    one = pool(1)
    called = []
    found = results(one.call(gate.wait), one.call(called.append, 1), one.call(called.append, 2))
    # The second waits behind the first.
    deferred = one.call(called.append, 3)
    results(deferred)
    deferred.cancel()
    gate.set()
    clock.until(lambda: called == [1, 2] and found[0])
    assert called == [1, 2]


def test_given_up_call_keeps_its_place_until_the_grace_is_over(pool, clock, gate):
    one = pool(1)
    running, second = threading.Event(), threading.Event()
    stuck = one.call(lambda: (running.set(), gate.wait()))
    results(stuck)
    assert running.wait(20)
    stuck.cancel()
    found = results(one.call(second.set))
    clock.advance(GRACE - 1)
    assert one._threads == 1
    assert not second.is_set()
    clock.advance(1)
    assert one._threads == 2
    assert second.wait(20)
    clock.until(lambda: found == [None] and one._unsettled == 0)


def test_given_up_call_that_ends_in_its_grace_is_not_replaced(pool, clock, gate):
    one = pool(1)
    running = threading.Event()
    late = one.call(lambda: (running.set(), gate.wait()))
    results(late)
    assert running.wait(20)
    late.cancel()
    found = results(one.call(int))
    gate.set()
    clock.until(lambda: found == [0])
    clock.advance(GRACE)
    assert (one._threads, one._abandoned) == (1, 0)
    assert clock.getDelayedCalls() == []


def test_stop_ends_the_grace(pool, clock, gate):
    one = pool(1)
    running = threading.Event()
    stuck = one.call(lambda: (running.set(), gate.wait()))
    results(stuck)
    assert running.wait(20)
    stuck.cancel()
    assert clock.getDelayedCalls() != []
    one.stop()
    assert clock.getDelayedCalls() == []


def test_cancelled_call_that_has_not_begun_leaves_nothing_behind(pool, gate):
    class Payload:
        pass

    one = pool(1)
    running = threading.Event()
    results(one.call(lambda: (running.set(), gate.wait())))
    assert running.wait(20)
    payload = Payload()
    held = weakref.ref(payload)
    waiting = one.call(id, payload)
    results(waiting)
    waiting.cancel()
    del payload
    gc.collect()
    assert held() is None
    assert not one._waiting


def test_call_that_no_thread_is_left_for_fails_at_once(pool, clock, gate):
    one = pool(1)
    for _ in range(ABANDONED + 1):
        running = threading.Event()
        call = one.call(lambda running=running: (running.set(), gate.wait()))
        results(call)
        assert running.wait(20)
        call.cancel()
        clock.advance(GRACE)
    (failure,) = results(one.call(int))
    assert failure.check(RuntimeError)
    assert "all threads are held by calls that were given up" in str(failure.value)
    gate.set()
    clock.until(lambda: one._abandoned == 0)
    found = results(one.call(int))
    clock.until(lambda: found == [0])


def test_context_variables_of_one_call_are_not_seen_by_the_next(pool, clock):
    variable: ContextVar[str] = ContextVar("variable", default="clean")

    def visit() -> str:
        before = variable.get()
        variable.set("dirty")
        return before

    one = pool(1)
    found = results(one.call(visit), one.call(visit))
    clock.until(lambda: None not in found)
    assert found == ["clean", "clean"]


class TestThroughAConnection:
    def test_replies_keep_the_order(self, serve, clock):
        second = threading.Event()

        def late(message: bytes) -> bytes:
            if message == b"1":
                assert second.wait(20)
            else:
                second.set()
            return message

        service = serve(late, run="threads", workers=2)
        peer, other = service.connect(), service.connect()
        peer.send(b"1\n2\n")
        other.send(b"other\n")
        clock.until(lambda: peer.received.count(b"\n") == 2)
        assert peer.received == b"1\n2\n"

    def test_blocked_function_does_not_stall_another_connection(self, serve, clock, gate):
        def block(message: bytes) -> bytes:
            if message == b"block":
                gate.wait()
            return message

        service = serve(block, run=None)
        stuck, quick = service.connect(), service.connect()
        stuck.send(b"block\n")
        quick.send(b"quick\n")
        clock.until(lambda: quick.received)
        assert quick.received == b"quick\n"
        assert stuck.received == b""
        gate.set()
        clock.until(lambda: stuck.received)

    def test_call_that_never_returns_fails_and_its_thread_is_replaced(self, serve, clock, gate, failures):
        running = threading.Event()

        def block(message: bytes) -> bytes:
            if message == b"block":
                running.set()
                gate.wait()
            return message

        service = serve(block, run="threads", workers=1, timeout=5)
        stuck = service.connect()
        stuck.send(b"block\n")
        assert running.wait(20)
        clock.advance(5)
        (event,) = failures.take(CallTimeoutError)
        assert "within 5 s" in str(event["error"])
        assert stuck.closing
        clock.advance(GRACE)
        quick = service.connect()
        quick.send(b"quick\n")
        clock.until(lambda: quick.received)
        assert quick.received == b"quick\n"

    def test_raising_function_is_logged_with_its_traceback(self, serve, clock, failures):
        def boom(message: bytes) -> bytes:
            raise LookupError("the shelf is empty")

        peer = serve(boom, run="threads").connect()
        peer.send(b"x\n")
        clock.until(lambda: peer.closing)
        (event,) = failures.take(LookupError)
        assert "in boom" in event["log_failure"].getTraceback()

    def test_generator(self, serve, clock):
        def count(message: bytes):
            yield from (b"%d" % n for n in range(200))

        peer = serve(count, run="threads").connect()
        peer.send(b"x\n")
        clock.until(lambda: peer.received.count(b"\n") == 200)

    def test_infinite_generator_is_bounded_and_closed_in_a_thread(self, serve, clock):
        closed_in = []

        def endless(message: bytes):
            try:
                while True:
                    yield b"x" * 1000
            finally:
                closed_in.append(threading.current_thread())

        peer = serve(endless, run="threads").connect()
        peer.send(b"x\n")
        clock.until(lambda: peer.transport.unread > peer.transport.BUFFER)
        held = peer.transport.unread
        clock.advance(1)
        assert peer.transport.unread == held
        assert held < peer.transport.BUFFER + 64 * 1001 + 65_536
        peer.transport.peer_reads()
        clock.until(lambda: peer.transport.unread > peer.transport.BUFFER)
        peer.leave()
        peer.factory.handler.stop()
        for thread in threading.enumerate():
            if thread.name.startswith("polyport-") and "endless" in thread.name:
                thread.join(20)
        assert len(closed_in) == 1
        assert closed_in[0] is not threading.main_thread()


def test_how_many_wait_for_a_thread(pool, clock, gate):
    few = pool(1)
    running = threading.Event()

    def work() -> bool:
        running.set()
        return gate.wait(20)

    few.call(work)
    assert running.wait(20)
    found = results(few.call(gate.wait, 20), few.call(gate.wait, 20))
    assert few.waiting == 2
    gate.set()
    clock.until(lambda: None not in found)
    assert few.waiting == 0
