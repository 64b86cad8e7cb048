"""What a process that serves does when it is told to."""

from __future__ import annotations

from types import SimpleNamespace

from twisted.internet.defer import Deferred

from protocols.daemon.workers.worker import Worker


def test_what_was_prepared_and_never_served_is_discarded_by_what_is_prepared_next(clock):
    # The first process may have been told to upgrade in between, and refuses the reload.
    worker, discarded = Worker(clock), []
    worker._daemon = SimpleNamespace(shapes={})
    worker._reader = SimpleNamespace(again=lambda served: Deferred())
    worker._novelty = SimpleNamespace(discard=lambda: discarded.append("first"))
    worker.prepare({})
    assert discarded == ["first"]
    worker.prepare({})
    assert discarded == ["first"]
