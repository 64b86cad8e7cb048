"""Rates, from what only grows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.daemon.dashboard.history import History, quantile
from protocols.daemon.dashboard.rates import SAMPLES


def grown(made, **messages):
    return made.status(*(made.service(name, counts={"messages": n}) for name, n in messages.items()))


def test_a_rate_needs_two_samples(made):
    history = History()
    history.record(grown(made, a=100), 5.0)
    assert (history.of("a").rates.now("traffic"), history.together.of("traffic")) == (None, ())
    history.record(grown(made, a=130), 7.0)
    assert history.of("a").rates.now("traffic") == 15
    assert history.of("a").rates.of("errors") == (0, 0)  # it has been two seconds
    assert history.of("unheard").rates.of("traffic") == ()


def test_counts_that_died_with_their_worker(made):
    history = History()
    for at, n in enumerate((100, 40, 50)):
        history.record(grown(made, a=n), at)
    assert history.of("a").rates.of("traffic") == (0, 10)


def test_while_nobody_looked_it_was_as_it_was_on_average(made):
    history = History()
    history.record(grown(made, a=0), 0)
    history.record(grown(made, a=40), 4)
    assert history.of("a").rates.of("traffic") == (10,) * 4
    history.record(grown(made, a=40), 4e6)
    assert history.of("a").rates.of("traffic") == (0,) * SAMPLES


def test_what_is_gone_is_forgotten(made):
    history = History()
    history.record(grown(made, a=0, b=0), 0)
    history.record(grown(made, b=5), 1)
    history.record(grown(made, a=9, b=5), 2)
    assert history.of("a").rates.of("traffic") == ()
    assert history.of("b").rates.of("traffic") == (5, 0)


def test_together(made):
    history = History()
    history.record(grown(made, a=0), 0)
    history.record(grown(made, a=1, b=0), 1)
    history.record(grown(made, a=3, b=10), 2)
    history.record(grown(made, a=3), 3)
    assert history.together.of("traffic") == (1, 12, 0)
    assert history.together.now("errors") == 0


@given(st.lists(st.tuples(st.floats(0.01, 1000), st.integers(-1000, 1000)), max_size=20))
def test_there_are_never_more_than_that_and_none_is_negative(steps):
    from protocols.daemon.control.status import ServiceStatus, Status

    history, at, total = History(), 0.0, 0
    for elapsed, more in steps:
        at, total = at + elapsed, max(0, total + more)
        service = ServiceStatus(name="a", answers="", addresses=(), counts={"messages": total})
        history.record(Status(version="", pid=1, started=0, config="", workers=(), services=(service,)), at)
    rates = history.of("a").rates.of("traffic")
    assert len(rates) <= SAMPLES
    assert min(rates, default=0) >= 0


def test_the_share_of_a_worker(made):
    history = History()
    history.record(made.status(workers=(made.worker(0, cpu=10.0),)), 0)
    assert history.share(0) is None
    history.record(made.status(workers=(made.worker(0, cpu=11.0),)), 2)
    assert history.share(0) == 0.5
    history.record(made.status(workers=(made.worker(0, pid=7, cpu=0.1),)), 4)
    assert history.share(0) is None  # it is another process


def test_recent_latencies(made):
    history = History()
    for at, numbers in enumerate(((5, 5), (5, 8))):
        latency = made.latency(bounds=(0.1,), numbers=numbers, total=1.0)
        history.record(made.status(made.service("a", latency=latency)), at)
        if not at:
            assert history.of("a").recent().numbers == (5, 5)
    assert history.of("a").recent().numbers == (0, 3)
    assert history.of("b").recent() is None


@pytest.mark.parametrize(
    ("numbers", "share", "seconds"),
    [((0, 0, 0), 0.5, None), ((9, 1, 0), 0.5, 0.1), ((9, 1, 0), 0.99, 1), ((0, 0, 4), 0.5, float("inf"))],
)
def test_quantile(made, numbers, share, seconds):
    assert quantile(made.latency(bounds=(0.1, 1.0), numbers=numbers, total=0), share) == seconds
