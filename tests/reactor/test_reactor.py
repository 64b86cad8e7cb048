"""The reactor's life, in programs of their own: how it starts, runs, is turned by hand, and ends."""

from __future__ import annotations


def look_everywhere() -> None:
    """Where the loop runs."""
    import asyncio

    from twisted.internet import reactor

    seen = {}

    def look(where, after=lambda: None):
        try:
            seen[where] = asyncio.get_running_loop() is reactor.loop
        except RuntimeError:
            seen[where] = False
        after()

    def timer():
        look("timer", lambda: reactor.callInThread(thread))

    def thread():
        look("in a thread", lambda: reactor.callFromThread(look, "from a thread", reactor.stop))

    for event in ("startup", "shutdown"):
        for phase in ("before", "during", "after"):
            reactor.addSystemEventTrigger(phase, event, look, f"{phase} {event}")
    reactor.callWhenRunning(look, "running", lambda: reactor.callLater(0, timer))
    reactor.run()
    print(len(seen), [where for where, runs in seen.items() if not runs])


def test_the_loop_runs_wherever_the_reactor_does(in_child):
    assert in_child(look_everywhere).stdout == "10 ['in a thread']\n"


def begin_and_end() -> None:
    """What may be done once, and what again."""
    from twisted.internet import reactor
    from twisted.internet.error import ReactorAlreadyRunning, ReactorNotRestartable, ReactorNotRunning

    said = []

    def attempt(action):
        try:
            action()
        except (ReactorAlreadyRunning, ReactorNotRestartable, ReactorNotRunning) as error:
            said.append(type(error).__name__)
        else:
            said.append(action.__name__)

    attempt(reactor.stop)
    reactor.callWhenRunning(attempt, reactor.run)
    reactor.callLater(0, reactor.crash)
    attempt(reactor.run)
    said.append(reactor.running)
    reactor.callWhenRunning(reactor.stop)
    attempt(reactor.run)
    attempt(reactor.run)
    attempt(reactor.stop)
    print(*said)


def test_a_crashed_reactor_runs_again_and_a_stopped_one_does_not(in_child):
    assert in_child(begin_and_end).stdout.split() == [
        *("ReactorNotRunning", "ReactorAlreadyRunning", "run", "False"),
        *("run", "ReactorNotRestartable", "ReactorNotRunning"),
    ]


def crash_at_once() -> None:
    """Crash before anything has run, in a startup trigger."""
    from twisted.internet import reactor

    reactor.callWhenRunning(reactor.crash)
    reactor.run()
    print(reactor.running, reactor.loop.is_running())


def test_a_crash_while_it_starts(in_child):
    assert in_child(crash_at_once).stdout == "False False\n"


def stop_the_loop() -> None:
    """Somebody stops asyncio's loop."""
    from twisted.internet import reactor

    reactor.callWhenRunning(reactor.loop.stop)
    reactor.callLater(0.001, reactor.loop.stop)
    reactor.callLater(0.002, lambda: reactor.loop.call_soon(reactor.callLater, 0, reactor.stop))
    reactor.run()
    print("stopped by the reactor")


def test_a_loop_that_is_stopped_leaves_the_reactor_running(in_child):
    assert in_child(stop_the_loop).stdout == "stopped by the reactor\n"


def run_the_loop_alone() -> None:
    """asyncio's loop runs before the reactor, and after it."""
    import asyncio

    from twisted.internet import reactor

    order = []
    reactor.callLater(0, order.append, "timer of Twisted's")

    async def talk():
        server = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        order.append(await reader.read())
        writer.close()
        await writer.wait_closed()
        server.close()
        await server.wait_closed()
        return "before"

    order.append(reactor.loop.run_until_complete(talk()))
    reactor.callWhenRunning(order.append, "running")
    reactor.callLater(0.001, reactor.stop)
    reactor.run()
    order.append(reactor.loop.run_until_complete(asyncio.sleep(0, "after")))
    print(order)


def test_the_loop_runs_alone_before_the_reactor_and_after_it(in_child):
    said = in_child(run_the_loop_alone).stdout
    assert said == "[b'', 'before', 'running', \"timer of Twisted's\", 'after']\n"


def leave_connections_alone() -> None:
    """A connection waits for the reactor while asyncio's loop runs alone."""
    import asyncio

    from twisted.internet import reactor
    from twisted.internet.protocol import Factory, Protocol

    order = []

    class Greeting(Protocol):
        def connectionMade(self):
            order.append("served")
            self.transport.loseConnection()
            reactor.stop()

    port = reactor.listenTCP(0, Factory.forProtocol(Greeting), interface="127.0.0.1")

    async def connect():
        _, writer = await asyncio.open_connection("127.0.0.1", port.getHost().port)
        await asyncio.sleep(0.01)
        order.append("connected")
        return writer

    writer = reactor.loop.run_until_complete(connect())
    reactor.run()
    writer.close()
    print(order)


def test_what_is_twisteds_waits_for_the_reactor(in_child):
    assert in_child(leave_connections_alone).stdout == "['connected', 'served']\n"


def turn_by_hand() -> None:
    """The reactor is turned by iterate(), as test runners do, inside of which it is turned again."""
    import asyncio

    from twisted.internet import reactor

    done = set()

    async def work():
        await asyncio.sleep(0.001)
        done.add("asyncio")

    def nested():
        reactor.callLater(0, done.add, "nested timer")
        reactor.callFromThread(done.add, "nested call")
        while not {"nested timer", "nested call"} <= done:
            reactor.iterate(0.001)
        done.add("nested")

    reactor.iterate()
    reactor.startRunning()
    task = reactor.loop.create_task(work())
    reactor.callLater(0, done.add, "timer")
    reactor.callLater(0, nested)
    reactor.callInThread(reactor.callFromThread, done.add, "thread")
    while len(done) < 6:
        reactor.iterate(0.001)
    print(sorted(done), task.done())
    reactor.stop()
    while reactor.running:
        reactor.iterate()


def test_turned_by_hand(in_child):
    said = in_child(turn_by_hand).stdout
    assert said == "['asyncio', 'nested', 'nested call', 'nested timer', 'thread', 'timer'] True\n"


def turn_from_inside() -> None:
    """Something that runs in the reactor turns it."""
    from twisted.internet import reactor

    fired = []

    def inside():
        reactor.callLater(0, fired.append, "timer")
        reactor.callInThread(reactor.callFromThread, fired.append, "thread")
        while len(fired) < 2:
            reactor.iterate(0.001)
        reactor.stop()

    reactor.callWhenRunning(inside)
    reactor.run()
    print(sorted(fired))


def test_turned_from_inside(in_child):
    assert in_child(turn_from_inside).stdout == "['thread', 'timer']\n"


def fail_to_start() -> None:
    """Something goes wrong in a startup trigger, and elsewhere."""
    from twisted.internet import reactor
    from twisted.logger import globalLogBeginner

    events = []
    globalLogBeginner.beginLoggingTo([events.append], redirectStandardIO=False)

    def fail(kind):
        raise kind

    reactor.callWhenRunning(fail, ZeroDivisionError)
    reactor.callLater(0, fail, LookupError)
    reactor.callLater(0, reactor.loop.call_soon, fail, SystemExit)
    reactor.callLater(0.001, reactor.stop)
    reactor.run()
    print([event["log_failure"].type.__name__ for event in events if "log_failure" in event])


def test_what_fails_is_logged_and_costs_nothing_else(in_child):
    assert in_child(fail_to_start).stdout == "['ZeroDivisionError', 'LookupError', 'SystemExit']\n"


def stop_by_signal() -> None:
    """SIGTERM stops the reactor in order, also while nothing happens."""
    import os
    import signal

    from twisted.internet import reactor

    reactor.addSystemEventTrigger("during", "shutdown", print, "in order")
    reactor.callWhenRunning(reactor.callInThread, os.kill, os.getpid(), signal.SIGTERM)
    reactor.run()
    print("over")


def test_a_signal_stops_it(in_child):
    assert in_child(stop_by_signal).stdout == "in order\nover\n"


def run_without_signals() -> None:
    """Run in a thread that is not the main one."""
    import threading

    from twisted.internet import reactor

    thread = threading.Thread(target=lambda: reactor.run(installSignalHandlers=False))
    reactor.callWhenRunning(lambda: print(threading.current_thread() is thread))
    reactor.callLater(0.001, reactor.stop)
    thread.start()
    thread.join()


def test_in_a_thread_of_its_own(in_child):
    assert in_child(run_without_signals).stdout == "True\n"


def lose_badly() -> None:
    """What a connection that raises as it ends leaves behind."""
    import socket

    from twisted.internet import reactor
    from twisted.internet.protocol import Factory, Protocol
    from twisted.python import log

    logged = []

    class Bad(Protocol):
        def connectionLost(self, reason):
            reactor.callLater(0, end)
            raise ZeroDivisionError

    def end():
        log.msg("after")
        reactor.stop()

    def begin():
        with socket.create_connection(("127.0.0.1", port.getHost().port)):
            pass

    def note(event):
        logged.append((event["system"], bool(event["isError"])))

    log.startLoggingWithObserver(note, setStdout=False)
    port = reactor.listenTCP(0, Factory.forProtocol(Bad), interface="127.0.0.1")
    reactor.callLater(0, begin)
    reactor.run()
    print([system for system, wrong in logged if wrong], logged[-1])


def test_a_protocol_that_raises_as_it_ends_harms_nobody(in_child):
    said = in_child(lose_badly).stdout
    assert said.startswith("['Bad,0,127.0.0.1'] ('-', ")
