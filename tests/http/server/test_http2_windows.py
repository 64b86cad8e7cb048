"""Flow control, both ways, and whose turn it is to send."""

from __future__ import annotations

import pytest
from h2.errors import ErrorCodes as E
from h2.events import WindowUpdated
from h2.settings import SettingCodes
from hyperframe.frame import DataFrame, WindowUpdateFrame

from protocols.http import Entry, Response, Source
from protocols.http.server.http2_state import CONNECTION_WINDOW, FIRST_WINDOW, OWED, STREAM_WINDOW
from protocols.http.server.http2_windows import LARGEST_CONNECTION_WINDOW, LARGEST_STREAM_WINDOW

FRAME = b"x" * 2**14


def window_updates(http2, stream: int) -> int:
    return sum(e.delta for e in http2.events if isinstance(e, WindowUpdated) and e.stream_id == stream)


def test_a_large_response(http2, big) -> None:
    assert http2.ask("GET", "/big").body == big


def test_a_response_as_long_as_the_window_and_no_more(connect2, routes, big) -> None:
    http2 = connect2(routes, acknowledges=False)
    stream = http2.request("GET", "/big")
    http2.turn()
    reply = http2.reply(stream)
    assert len(reply.body) == FIRST_WINDOW
    http2.state.increment_flow_control_window(10)
    http2.flush()
    assert len(reply.body) == FIRST_WINDOW
    http2.state.increment_flow_control_window(100, stream)
    http2.flush()
    assert len(reply.body) == FIRST_WINDOW + 10
    assert not reply.ended


def test_a_window_that_grows_by_the_settings(connect2, routes) -> None:
    http2 = connect2(routes, acknowledges=False)
    stream = http2.request("GET", "/big")
    http2.state.increment_flow_control_window(2**20)
    http2.flush()
    http2.turn()
    assert len(http2.reply(stream).body) == FIRST_WINDOW
    http2.state.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: FIRST_WINDOW + 5})
    http2.flush()
    http2.turn()
    assert len(http2.reply(stream).body) == FIRST_WINDOW + 5


def test_bodies_are_sent_in_turns(http2, big) -> None:
    http2.state.increment_flow_control_window(2**24)
    http2.state.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: 2**24})
    http2.flush()
    streams = [http2.request("GET", "/big") for _ in range(3)]
    http2.turn()
    assert [http2.reply(stream).body for stream in streams] == [big] * 3
    # As one piece of a source is sent at a time, none is more than one piece ahead.
    assert set(http2.order[:12]) == set(streams)


def test_a_small_answer_overtakes_a_large_one_that_waits(connect2, routes, big) -> None:
    http2 = connect2(routes)
    http2.wire.room = 1000
    large = http2.request("GET", "/big")
    http2.wire.room = None
    small = http2.request("GET", "/a")
    http2.client.wire.producer.resumeProducing()
    http2.turn()
    assert http2.reply(small).body == b"a"
    assert http2.reply(large).body == big
    assert http2.order.index(small) < len(http2.order) - 10


def test_frames_are_no_larger_than_the_client_takes(http2) -> None:
    http2.state.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: 2**24})
    http2.state.increment_flow_control_window(2**24)
    http2.flush()
    assert max(http2.ask("GET", "/big").pieces) == 2**14


def test_a_client_that_does_not_read_gets_nothing_more_and_is_not_read_from(http2) -> None:
    http2.wire.room = 1000
    http2.state.increment_flow_control_window(2**24)
    http2.state.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: 2**24})
    for _ in range(50):
        stream = http2.state.get_next_available_stream_id()
        http2.state.send_headers(stream, http2.fields("GET", "/big"), end_stream=True)
    http2.client.send(http2.state.data_to_send())
    for _ in range(20):
        http2.client.turn()
    assert len(http2.wire.value()) < 200_000
    assert http2.wire.producerState == "paused"
    http2.wire.room = None
    http2.wire.producer.resumeProducing()
    assert http2.wire.producerState == "producing"
    for _ in range(200):
        http2.turn()
    assert all(http2.reply(stream).ended for stream in range(1, 100, 2))


def test_a_transport_that_asks_for_more_while_it_is_written_to(http2, calls, big) -> None:
    """Nothing may come between the bytes it is still taking, as with TLS."""
    http2.state.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: 2**24})
    http2.state.increment_flow_control_window(2**24)
    waiting = http2.request("POST", "/wait", b"x")
    http2.wire.producer.pauseProducing()
    large = [http2.request("GET", "/big") for _ in range(3)]
    http2.wire.producer.resumeProducing()
    http2.wire.producer.pauseProducing()
    http2.turn()
    write = http2.wire.write

    def in_halves(data: bytes) -> None:
        write(data[: len(data) // 2])
        http2.wire.producer.resumeProducing()
        write(data[len(data) // 2 :])

    http2.wire.write = in_halves
    calls[0].callback(b"w")
    http2.turn()
    http2.turn()
    http2.turn()
    assert http2.reply(waiting).body == b"w"
    assert [http2.reply(stream).body for stream in large] == [big] * 3


def test_a_source_is_read_as_the_client_takes_it(connect2, clock) -> None:
    read = []

    class Endless(Source):
        closed = False

        def read(self) -> bytes:
            read.append(1)
            return FRAME

        def close(self) -> None:
            self.closed = True

    source = Endless()

    class Route:
        methods = ("GET",)
        subtree = streams = False

        def respond(self, request, rest):
            return Response(source)

        def stop(self) -> None: ...

    http2 = connect2({"/": Route()}, acknowledges=False)
    stream = http2.request("GET", "/")
    http2.turn()
    assert len(http2.reply(stream).body) == FIRST_WINDOW
    assert len(read) < 12
    http2.state.reset_stream(stream)
    http2.flush()
    assert source.closed


# -- content -----------------------------------------------------------------------------------------


def test_content_is_acknowledged_as_it_is_read(http2, bodies) -> None:
    stream = http2.request("POST", "/hold", None)
    http2.turn()
    (request,) = bodies
    for _ in range(8):
        http2.send(stream, FRAME)
    assert window_updates(http2, stream) == 0
    assert http2.state.local_flow_control_window(stream) == 0
    assert len(request.body.read()) == STREAM_WINDOW
    http2.turn()
    assert window_updates(http2, stream) == STREAM_WINDOW
    http2.send(stream, FRAME)


def test_a_client_that_ignores_the_windows(http2, bodies, journal) -> None:
    stream = http2.request("POST", "/hold", None)
    frame = DataFrame(stream, FRAME)
    http2.raw(*[frame] * 8)
    assert not http2.goaways
    http2.raw(DataFrame(stream, b"x"))
    assert http2.goaways == [(E.FLOW_CONTROL_ERROR, stream)]
    assert journal.counts.framing_errors == 1


def test_unread_content_of_many_requests_is_bounded_by_the_connection(http2, bodies) -> None:
    streams = [http2.request("POST", "/hold", None) for _ in range(20)]
    for stream in streams:
        while (window := http2.state.local_flow_control_window(stream)) > 0:
            http2.send(stream, FRAME[:window])
    http2.turn()
    held = sum(request.body.held for request in bodies)
    assert held == CONNECTION_WINDOW
    http2.state.reset_stream(streams[0])
    http2.flush()
    http2.turn()
    assert window_updates(http2, 0) >= STREAM_WINDOW


def test_content_longer_than_the_windows(http2) -> None:
    for path, expected in (("/size", b"900000"), ("/count", b"900000 None")):
        stream, left = http2.request("POST", path, None), 900_000
        while left:
            size = min(left, http2.state.local_flow_control_window(stream), len(FRAME))
            assert size, "the window stays closed"
            left -= size
            http2.send(stream, FRAME[:size], end=not left)
            http2.turn()
        assert http2.reply(stream).body == expected


# -- windows that widen ------------------------------------------------------------------------------


@pytest.fixture
def unbounded(connect2, routes):
    """A client whose uploads may have any length."""
    return connect2(routes, body=1 << 40)


def window_of(http2, stream: int | None = None) -> int:
    """What the server lets the client send ahead, on a stream or on the whole connection."""
    state = http2.client.connection._state
    managers = {None: state._inbound_flow_control_window_manager}
    if stream is not None:
        managers[stream] = state.streams[stream]._inbound_window_manager
    return managers[stream].max_window_size


def upload(http2, stream: int, size: int) -> None:
    """Send `size` bytes as fast as the windows allow."""
    while size:
        piece = FRAME[: min(size, http2.state.local_flow_control_window(stream))]
        assert piece, "the window stays closed"
        size -= len(piece)
        http2.send(stream, piece)
        http2.client.turn()
        http2.read()


def test_a_window_widens_while_its_reader_keeps_up(unbounded) -> None:
    stream = unbounded.request("POST", "/count", None)
    upload(unbounded, stream, STREAM_WINDOW - 1)
    assert window_of(unbounded, stream) == STREAM_WINDOW
    upload(unbounded, stream, 1)
    assert window_of(unbounded, stream) == 2 * STREAM_WINDOW
    assert window_of(unbounded) == CONNECTION_WINDOW + STREAM_WINDOW
    upload(unbounded, stream, 2 * LARGEST_STREAM_WINDOW)
    assert window_of(unbounded, stream) == LARGEST_STREAM_WINDOW
    assert window_of(unbounded) == CONNECTION_WINDOW + LARGEST_STREAM_WINDOW - STREAM_WINDOW
    # The client was told, and has as much again once everything is read.
    assert unbounded.state.local_flow_control_window(stream) > LARGEST_STREAM_WINDOW // 2
    unbounded.send(stream, b"", end=True)
    unbounded.turn()
    assert unbounded.reply(stream).body == b"%d None" % (STREAM_WINDOW + 2 * LARGEST_STREAM_WINDOW)


def test_a_window_does_not_widen_for_a_reader_that_falls_behind(unbounded, bodies) -> None:
    stream = unbounded.request("POST", "/hold", None)
    unbounded.turn()
    (request,) = bodies
    for _ in range(20):
        for _ in range(8):
            unbounded.send(stream, FRAME)
        assert len(request.body.read()) == STREAM_WINDOW  # all at once, after a pause
        unbounded.turn()
    assert window_of(unbounded, stream) == STREAM_WINDOW
    assert window_of(unbounded) == CONNECTION_WINDOW


def test_a_reader_that_stops_leaves_the_others_as_much_as_they_had(unbounded, bodies) -> None:
    fast = unbounded.request("POST", "/hold", None)
    (request,) = bodies
    waiting = request.body.read()
    while window_of(unbounded, fast) < LARGEST_STREAM_WINDOW:
        unbounded.send(fast, FRAME)
        assert waiting.called
        waiting = request.body.read()
    for _ in range(LARGEST_STREAM_WINDOW // len(FRAME)):  # and now it stops
        size = min(len(FRAME), unbounded.state.local_flow_control_window(fast))
        unbounded.send(fast, FRAME[:size])
    assert unbounded.state.local_flow_control_window(fast) == 0
    left = CONNECTION_WINDOW - STREAM_WINDOW - OWED
    assert left <= unbounded.state.outbound_flow_control_window <= CONNECTION_WINDOW
    assert unbounded.ask("POST", "/size", FRAME).body == b"16384"


def test_all_windows_together_have_a_bound(unbounded) -> None:
    streams = [unbounded.request("POST", "/count", None) for _ in range(4)]
    for stream in streams:
        upload(unbounded, stream, 2 * LARGEST_STREAM_WINDOW)
    assert window_of(unbounded) == LARGEST_CONNECTION_WINDOW
    assert [window_of(unbounded, stream) for stream in streams] == [
        LARGEST_STREAM_WINDOW,
        LARGEST_CONNECTION_WINDOW - CONNECTION_WINDOW - LARGEST_STREAM_WINDOW + 2 * STREAM_WINDOW,
        STREAM_WINDOW,
        STREAM_WINDOW,
    ]
    unbounded.send(streams[0], b"", end=True)
    unbounded.turn()
    upload(unbounded, streams[3], 2 * LARGEST_STREAM_WINDOW)
    assert window_of(unbounded, streams[3]) == LARGEST_STREAM_WINDOW
    assert window_of(unbounded) == LARGEST_CONNECTION_WINDOW


def test_content_that_has_ended_widens_nothing(unbounded) -> None:
    stream = unbounded.request("POST", "/count", None)
    upload(unbounded, stream, STREAM_WINDOW - 1)
    unbounded.send(stream, b"x", end=True)
    unbounded.turn()
    assert unbounded.reply(stream).ended
    assert window_of(unbounded) == CONNECTION_WINDOW


# -- content that is kept ----------------------------------------------------------------------------


def test_content_that_is_kept_is_bounded_by_the_connection(connect2, routes, monkeypatch) -> None:
    monkeypatch.setattr("protocols.http.server.http2.GATHERED", 100_000)
    http2 = connect2(routes, body=50_000)
    streams = [http2.request("POST", "/size", None) for _ in range(10)]
    for stream in streams:
        http2.send(stream, FRAME)
        if http2.reply(stream).reset is None:
            http2.send(stream, FRAME)
    http2.turn()
    assert [http2.reply(stream).reset for stream in streams] == [None] * 3 + [E.REFUSED_STREAM] * 7
    for stream in streams[:3]:
        http2.send(stream, b"x", end=True)
    http2.turn()
    assert [http2.reply(stream).body for stream in streams[:3]] == [b"32769"] * 3
    assert http2.ask("POST", "/size", FRAME).body == b"16384"


def test_one_content_may_be_as_long_as_its_route_says(connect2, routes, monkeypatch) -> None:
    monkeypatch.setattr("protocols.http.server.http2.GATHERED", 1000)
    http2 = connect2({"/size": [Entry(routes["/size"], body=50_000)]}, body=100)
    assert http2.ask("POST", "/size", FRAME).body == b"16384"


def test_what_is_around_the_content_counts_for_the_windows_only(http2) -> None:
    stream = http2.request("POST", "/size", None, ("content-length", "30"))
    for at in range(3):
        http2.state.send_data(stream, b"x" * 10, end_stream=at == 2, pad_length=255)
    http2.flush()
    http2.turn()
    assert http2.reply(stream).body == b"30"


def test_content_nobody_reads_opens_the_windows_again(http2) -> None:
    """Else one refused upload would keep all others waiting."""
    for _ in range(40):
        stream = http2.request("POST", "/nowhere", None)
        http2.raw(*[DataFrame(stream, FRAME)] * 4)
    http2.turn()
    assert http2.ask("POST", "/size", b"abc").body == b"3"


# -- windows that are too wide -----------------------------------------------------------------------


def test_a_stream_window_past_the_largest(http2, calls) -> None:
    stream = http2.request("POST", "/wait", b"x")
    http2.raw(*[WindowUpdateFrame(stream, window_increment=2**31 - 1)] * 1)
    assert http2.reply(stream).reset == E.FLOW_CONTROL_ERROR
    assert not http2.goaways
    assert http2.ask("GET", "/a").status == 200
    calls[0].callback(b"too late")
    http2.turn()


def test_a_connection_window_past_the_largest(http2) -> None:
    http2.raw(WindowUpdateFrame(0, window_increment=2**31 - 1))
    assert http2.goaways == [(E.FLOW_CONTROL_ERROR, 0)]
    assert http2.closed


@pytest.mark.parametrize("limit", [0, 60])
def test_a_client_that_never_opens_a_window_is_given_up(connect2, routes, clock, limit: int) -> None:
    http2 = connect2(routes, acknowledges=False, idle=limit)
    stream = http2.request("GET", "/big")
    http2.turn()
    clock.pump([1] * 62)
    http2.read()
    assert http2.reply(stream).reset == (E.CANCEL if limit else None)
