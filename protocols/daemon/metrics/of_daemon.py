"""What is told of the daemon as a whole, and of its processes."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator
from typing import Final, Literal

from protocols.daemon.control.status import Status, WorkerStatus
from protocols.daemon.metrics.family import AnyFamily, Family, Sample
from protocols.daemon.metrics.told import Told

Kind = Literal["counter", "gauge"]


def _daemon(name: str, words: str, value: Callable[[Status], float | None]) -> Family:
    def samples(told: Told) -> Iterator[Sample]:
        found = None if told.status is None else value(told.status)
        if found is not None:
            yield (), found

    return Family(name, "gauge", words, (), samples)


def _worker(
    name: str,
    kind: Kind,
    words: str,
    value: Callable[[WorkerStatus], float],
    applies: Callable[[WorkerStatus], bool] = lambda one: True,
) -> Family:
    def samples(told: Told) -> Iterator[Sample]:
        for one in () if told.status is None else told.status.workers:
            if applies(one):
                yield (str(one.index),), value(one)

    return Family(name, kind, words, ("worker",), samples)


def _figure(name: str, kind: Kind, words: str, value: Callable[[WorkerStatus], float]) -> Family:
    """What only the process itself knows; not there while it does not answer, for a counter that falls to 0
    and comes back would look as if all of it had happened at once."""
    return _worker(name, kind, words, value, lambda one: one.memory > 0)


def _serving(status: Status) -> float:
    return sum(one.state == "serving" for one in status.workers)


def _build(told: Told) -> Iterator[Sample]:
    if told.status is not None:
        yield (told.status.version, platform.python_version()), 1


def _reloads(told: Told) -> Iterator[Sample]:
    if told.status is not None:
        yield ("done",), told.status.reloads.done
        yield ("refused",), told.status.reloads.refused


def _last_worked(status: Status) -> float:
    last = status.reloads.last
    # The start has read the configuration too.
    return float(last is None or last.done)


def _answered_at(told: Told) -> Iterator[Sample]:
    if told.status is not None:
        yield (), told.at


OF_DAEMON: Final[tuple[AnyFamily, ...]] = (
    Family(
        "polyport_build_info", "info", "The version of Polyport and of Python.", ("version", "python"), _build
    ),
    Family(
        "polyport_status_fresh",
        "gauge",
        "Whether all this is of now: 1; 0: the daemon did not answer in time, and it is what was last known.",
        (),
        lambda told: [((), float(told.fresh))],
    ),
    Family(
        "polyport_status_timestamp_seconds",
        "gauge",
        "When all this was so, in seconds since the epoch.",
        (),
        _answered_at,
    ),
    _daemon(
        "polyport_start_time_seconds",
        "When the daemon was started, in seconds since the epoch.",
        lambda status: status.started,
    ),
    Family(
        "polyport_config_reloads_total",
        "counter",
        "Reloads that were done, or refused because something was wrong.",
        ("result",),
        _reloads,
    ),
    _daemon(
        "polyport_config_last_reload_successful",
        "Whether the last reload was done: 1, also if there was none yet; 0: it was refused.",
        _last_worked,
    ),
    _daemon(
        "polyport_config_last_reload_timestamp_seconds",
        "When the last reload was, in seconds since the epoch; not there until there is one.",
        lambda status: status.reloads.at,
    ),
    _daemon("polyport_workers", "Processes that serve.", _serving),
)

OF_WORKERS: Final[tuple[AnyFamily, ...]] = (
    _worker(
        "polyport_worker_serving",
        "gauge",
        "Whether the process serves: 1; 0: it is starting or stopping, does not answer, or has died.",
        lambda one: float(one.state == "serving"),
    ),
    _worker(
        "polyport_worker_start_time_seconds",
        "gauge",
        "When the process was started, in seconds since the epoch.",
        lambda one: one.started,
    ),
    _worker(
        "polyport_worker_restarts_total",
        "counter",
        "Processes that have died in this place.",
        lambda one: one.restarts,
    ),
    _figure("polyport_worker_cpu_seconds_total", "counter", "Processor time.", lambda one: one.cpu),
    _figure("polyport_worker_resident_memory_bytes", "gauge", "Resident memory.", lambda one: one.memory),
    _figure("polyport_worker_open_fds", "gauge", "Open file descriptors.", lambda one: one.descriptors),
    _figure(
        "polyport_event_loop_lag_seconds",
        "gauge",
        "How long the event loop last kept somebody waiting.",
        lambda one: one.lag,
    ),
    _figure(
        "polyport_event_loop_stalls_total",
        "counter",
        "How often the event loop kept everybody waiting for too long.",
        lambda one: one.stalls,
    ),
)
