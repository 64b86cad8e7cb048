from __future__ import annotations

from protocols.daemon.workers.heartbeat import HUNG, SILENT, Heartbeat


def test_one_that_answers_is_well():
    heartbeat = Heartbeat(0.0)
    for now in range(0, 1000, 2):
        assert heartbeat.look(now) is None
        assert heartbeat.heard(now + 1) is None


def test_silence_is_told_once_and_so_is_its_end():
    heartbeat = Heartbeat(0.0)
    assert [heartbeat.look(now) for now in (SILENT - 1, SILENT, SILENT + 2)] == [None, "silent", None]
    assert heartbeat.heard(SILENT + 5) == SILENT + 5
    assert heartbeat.look(SILENT + 6) is None
    assert heartbeat.look(2 * SILENT + 6) == "silent"


def test_one_that_is_silent_for_long_hangs():
    heartbeat = Heartbeat(0.0)
    assert [heartbeat.look(now) for now in (SILENT, HUNG, HUNG + 2)] == ["silent", "hung", None]
