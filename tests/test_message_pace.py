from __future__ import annotations

from protocols.message_pace import MessagePace
from protocols.stream_limits import MESSAGE_RATE


def test_it_has_so_many_seconds():
    pace = MessagePace(100.0)
    assert not pace.is_too_slow(1, 160.0, 60)
    assert pace.is_too_slow(0, 160.1, 60)


def test_and_more_for_what_has_come():
    pace = MessagePace(0.0)
    assert not pace.is_too_slow(10 * MESSAGE_RATE, 69.9, 60)
    assert pace.is_too_slow(0, 70.1, 60)


def test_or_all_the_time_there_is():
    assert not MessagePace(0.0).is_too_slow(1, 1e9, 0)
