"""Two ends of a link over a socketpair, in one process: on whatever reactor the tests run."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.threads import deferToThread

from protocols.daemon.control import link as link_module
from protocols.daemon.control.link import Link, LinkClosedError, linked
from protocols.daemon.control.operations import OperationError
from protocols.daemon.control.serving import Outlet, Stream
from protocols.daemon.control.wire import DESCRIPTORS, WireError


def open_descriptors() -> set[str]:
    return {entry.name for entry in Path("/proc/self/fd").iterdir()}


def content(descriptor: int) -> bytes:
    data = os.read(descriptor, 100)
    os.close(descriptor)
    return data


@pytest.fixture
def files() -> Iterator[list[int]]:
    """Descriptors from which their own numbers can be read, one byte each."""
    readers = []
    for number in range(DESCRIPTORS):
        reader, writer = os.pipe()
        os.write(writer, bytes([number % 256]))
        os.close(writer)
        readers.append(reader)
    yield readers
    for reader in readers:
        os.close(reader)


@pytest.fixture
def links() -> Iterator[Callable[..., tuple[Link, Link]]]:
    """Make both ends, of which the second serves what the first may call, and the other way round."""
    made: list[Link] = []

    def links(served: Any = None, served_by_first: Any = None) -> tuple[Link, Link]:
        one, other = socket.socketpair()
        made.append(linked(one, served_by_first, reactor))
        made.append(linked(other, served, reactor))
        return made[-2], made[-1]

    yield links
    for link in made:
        link.abort()


@pytest_twisted.ensureDeferred
async def test_calls_in_both_directions(links):
    def greet(name: str) -> str:
        return f"hello {name}"

    one, other = links({"greet": greet}, {"double": lambda number: succeed(2 * number)})
    assert await one.call("greet", name="Zoë\n") == "hello Zoë\n"
    assert await other.call("double", number=21) == 42


@pytest_twisted.ensureDeferred
async def test_answers_come_when_they_are_ready(links):
    slow: Deferred[str] = Deferred()
    one, _ = links({"slow": lambda: slow, "quick": lambda: "q"})
    first = one.call("slow")
    assert await one.call("quick") == "q"
    slow.callback("s")
    assert await first == "s"


@pytest_twisted.ensureDeferred
async def test_what_is_wrong_is_told(links, failures):
    def picky() -> None:
        raise OperationError("not today")

    def broken() -> None:
        raise ZeroDivisionError("by nought")

    one, _ = links({"picky": picky, "broken": broken, "odd": lambda: {1, 2}})
    for do, arguments, text in (
        ("picky", {}, "not today"),
        ("picky", {"much": 1}, "picky: got an unexpected keyword argument 'much'"),
        ("nothing", {}, "'nothing' cannot be asked here; what can: broken, odd, picky"),
        ("broken", {}, "broken failed: ZeroDivisionError: by nought"),
        (
            "odd",
            {},
            "odd: the answer cannot be sent: JSON cannot say it: Object of type set is not JSON serializable",
        ),
    ):
        with pytest.raises(OperationError) as caught:
            await one.call(do, **arguments)
        assert str(caught.value) == text
    failures.take(ZeroDivisionError)
    with pytest.raises(WireError, match="JSON cannot say it"):
        await one.call("picky", way=object())


@pytest_twisted.ensureDeferred
async def test_a_stream_ends_when_the_caller_says_so(links):
    outlets: list[Outlet] = []
    stopped: Deferred[None] = Deferred()

    def count(start: int) -> Stream:
        def begin(outlet: Outlet) -> Callable[[], None]:
            outlets.append(outlet)
            outlet.send(start)
            outlet.send(start + 1)
            return lambda: stopped.callback(None)

        return Stream(begin)

    one, _ = links({"count": count, "ping": lambda: "pong"})
    heard: list[int] = []
    second: Deferred[None] = Deferred()

    def hear(item: int) -> None:
        heard.append(item)
        if item == 6:
            second.callback(None)

    stop = one.follow("count", hear, start=5)
    await second
    stop()
    await stopped
    outlets[0].send(99)
    outlets[0].end()
    stop()
    assert await one.call("ping") == "pong"
    assert heard == [5, 6]


@pytest_twisted.ensureDeferred
async def test_a_stream_ends_by_itself(links):
    stops: list[str] = []

    def some(problem: str | None) -> Stream:
        def begin(outlet: Outlet) -> Callable[[], None]:
            outlet.send("a")
            outlet.end(problem)
            outlet.send("never")
            return lambda: stops.append("stopped")

        return Stream(begin)

    one, _ = links({"some": some})
    for problem in (None, "worn out"):
        heard: list[str] = []
        ended: Deferred[Any] = Deferred()
        one.follow("some", heard.append, ended.callback, problem=problem)
        error = await ended
        assert (heard, error and str(error)) == (["a"], problem)
    assert stops == ["stopped", "stopped"]


@pytest_twisted.ensureDeferred
async def test_a_reader_that_does_not_read_misses_items(links):
    outlets: list[Outlet] = []

    def flood() -> Stream:
        def begin(outlet: Outlet) -> Callable[[], None]:
            outlets.append(outlet)
            return lambda: None

        return Stream(begin)

    one, _ = links({"flood": flood, "ping": lambda: "pong"})
    heard: list[int] = []
    one.follow("flood", lambda item: heard.append(item[0]))
    await one.call("ping")
    one.transport.pauseProducing()
    (outlet,) = outlets
    sent = 0
    while outlet.send([sent, "x" * 10_000]):
        sent += 1
    assert sent > 5, "what the transport and the kernel keep"
    assert not outlet.send([sent, ""])
    one.transport.resumeProducing()
    assert await one.call("ping") == "pong"
    assert heard == list(range(sent))
    assert outlet.send([sent, ""])


@pytest_twisted.ensureDeferred
async def test_answers_are_kept_for_a_slow_reader(links):
    one, _ = links({"much": lambda: "x" * 1_000_000})
    answers = [one.call("much") for _ in range(8)]
    assert [len(await answer) for answer in answers] == [1_000_000] * 8


@pytest_twisted.ensureDeferred
async def test_but_not_without_end(links, monkeypatch):
    monkeypatch.setattr(link_module, "UNSENT", 5_000_000)
    one, other = links({"much": lambda: "x" * 1_000_000})
    answers = [one.call("much") for _ in range(8)]
    one.transport.pauseProducing()
    await other.when_closed()
    one.transport.resumeProducing()
    for answer in answers:
        with pytest.raises(LinkClosedError, match="the other end is gone"):
            await answer
    with pytest.raises(LinkClosedError, match="the other end does not read"):
        await other.call("much")


@pytest_twisted.ensureDeferred
async def test_descriptors_come_with_their_calls(links, files):
    came: dict[str, list[bytes]] = {}

    def take(name: str, descriptors: Any) -> None:
        taken = descriptors.take()
        assert not any(map(os.get_inheritable, taken))
        came[name] = [content(descriptor) for descriptor in taken]

    one, other = links({"take": take, "none": lambda: "none"}, {"take": take})
    before = open_descriptors()
    answers = [
        one.call("take", files[:1], name="a"),
        one.call("none"),
        one.call("take", files[1:4], name="b"),
        one.call("take", files[4:-1], name="c"),
        other.call("take", files[-1:], name="d"),
    ]
    for answer in answers:
        await answer
    assert came == {
        "a": [b"\0"],
        "b": [b"\1", b"\2", b"\3"],
        "c": [bytes([number]) for number in range(4, 255)],
        "d": [b"\xff"],
    }
    assert open_descriptors() == before


@pytest_twisted.ensureDeferred
async def test_a_caller_may_close_what_it_hands_over_at_once(links, files):
    came: list[bytes] = []
    one, _ = links({"take": lambda descriptors: came.extend(map(content, descriptors.take()))})
    mine = os.dup(files[5])
    answer = one.call("take", [mine])
    os.close(mine)
    await answer
    cancelled = one.call("take", [files[6]])
    cancelled.cancel()
    with pytest.raises(CancelledError):
        await cancelled
    await one.call("take", [files[7]])
    assert came == [b"\5", b"\6", b"\7"]


@pytest_twisted.ensureDeferred
async def test_descriptors_that_nobody_takes_are_closed(links, files):
    one, _ = links({"deaf": lambda: None, "careless": lambda descriptors: len(descriptors)})
    before = open_descriptors()
    assert await one.call("careless", files[:3]) == 3
    for do in ("deaf", "unknown"):
        with pytest.raises(OperationError):
            await one.call(do, files[:3])
    assert open_descriptors() == before
    with pytest.raises(WireError, match="256 descriptors at most"):
        await one.call("careless", [*files, files[0]])
    with pytest.raises(OSError, match="Bad file descriptor"):
        await one.call("careless", [files[0], 999_999])
    assert open_descriptors() == before


@pytest_twisted.ensureDeferred
async def test_calls_fail_once_the_link_is_closed(links, files):
    waiting: Deferred[None] = Deferred()
    one, other = links({"wait": lambda: waiting, "wait_with": lambda descriptors: waiting})
    before = open_descriptors()
    answers = [one.call("wait"), one.call("wait_with", files[:2])]
    ended: Deferred[Any] = Deferred()
    one.follow("wait", lambda item: None, ended.callback)
    other.close()
    for answer in answers:
        with pytest.raises(LinkClosedError, match="the other end is gone"):
            await answer
    assert isinstance(await ended, LinkClosedError)
    await one.when_closed()
    await other.when_closed()
    waiting.callback(None)
    with pytest.raises(LinkClosedError, match="the other end is gone"):
        await one.call("wait")
    with pytest.raises(LinkClosedError, match="the link was closed here"):
        await other.call("wait")
    heard: list[Any] = []
    one.follow("wait", lambda item: None, heard.append)()
    assert [type(error) for error in heard] == [LinkClosedError]
    assert len(before - open_descriptors()) == 2, "those of the links themselves"


@pytest_twisted.ensureDeferred
async def test_what_was_said_before_the_end_is_heard(links):
    heard: list[int] = []
    one, other = links({"hear": lambda number: heard.append(number)})
    for number in range(3):
        one.call("hear", number=number).addErrback(lambda failure: failure.trap(LinkClosedError))
    one.close()
    await other.when_closed()
    assert heard == [0, 1, 2]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"GET / HTTP/1.1\r\n", "a line is not JSON"),
        (b'{"id":1,"do":"ping","descriptors":1}\n', "a call comes without its descriptors"),
        (b"x" * 100, "longer than its limit"),
    ],
)
@pytest_twisted.ensureDeferred
async def test_an_end_that_speaks_something_else_is_left(said, why, monkeypatch):
    monkeypatch.setattr(link_module, "LINE", 50)
    one, other = socket.socketpair()
    link = linked(one, {"ping": lambda: "pong"}, reactor)
    with other:
        other.sendall(b'{"id":0,"do":"ping"}\n' + said)
        await link.when_closed()
        with pytest.raises(LinkClosedError, match=why):
            await link.call("ping")


@pytest_twisted.ensureDeferred
async def test_descriptors_without_calls_end_the_link(files):
    one, other = socket.socketpair()
    before = open_descriptors()
    link = linked(one, {}, reactor)
    with other:
        for _ in range(5):
            socket.send_fds(other, [b" "], files[:250])
        await link.when_closed()
    assert open_descriptors() < before


@pytest_twisted.ensureDeferred
async def test_who_asks_and_says_no_more_is_answered():
    """As ``printf … | nc -N -U`` does."""
    later: Deferred[str] = Deferred()
    one, other = socket.socketpair()
    link = linked(one, {"quick": lambda: "q", "later": lambda: later}, reactor)
    other.settimeout(20)
    never = link.call("anything")
    with other, other.makefile("rb") as lines:
        other.sendall(b'{"id":1,"do":"later"}\n{"id":2,"do":"quick"}\n')
        other.shutdown(socket.SHUT_WR)
        assert await deferToThread(lines.readline) == b'{"id":1,"do":"anything","with":{}}\n'
        assert await deferToThread(lines.readline) == b'{"id":2,"answer":"q"}\n'
        with pytest.raises(LinkClosedError, match="the other end is gone"):
            await never
        with pytest.raises(LinkClosedError, match="the other end is gone"):
            await link.call("anything")
        later.callback("l")
        assert await deferToThread(lines.readline) == b'{"id":1,"answer":"l"}\n'
        assert await deferToThread(lines.readline) == b""
        await link.when_closed()


@pytest_twisted.ensureDeferred
async def test_who_is_gone_altogether_is_not_waited_for():
    stopped: Deferred[None] = Deferred()
    begun: Deferred[None] = Deferred()

    def watch() -> Stream:
        def begin(outlet: Outlet) -> Callable[[], None]:
            begun.callback(None)
            return lambda: stopped.callback(None)

        return Stream(begin)

    one, other = socket.socketpair()
    link = linked(one, {"watch": watch}, reactor)
    with other:
        other.sendall(b'{"id":1,"do":"watch"}\n')
        await begun
    await stopped
    await link.when_closed()
