from __future__ import annotations

import os

from protocols.daemon.workers.count import worker_count


def test_a_number_is_that_number():
    assert worker_count(3) == 3


def test_auto_is_a_process_for_each_core_that_may_be_used(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 2, 5})
    assert worker_count("auto") == 3
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(1000)))
    assert worker_count("auto") == 256
