"""Totals of several processes, which never fall."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.daemon.control.lasting_counts import LastingCounts, ended_service
from protocols.daemon.control.status import CertificateStatus, Latency, ServiceStatus, merged_services


def service(name="one", connections=0, **known):
    counts = {"connections": connections}
    return ServiceStatus(
        name=name, answers="builtin echo", **{"addresses": ("tcp://:7000",), "counts": counts, **known}
    )


@pytest.fixture
def lasting():
    return LastingCounts(merged_services, ended_service)


def connections(services):
    return {one.name: one.counts["connections"] for one in services}


def test_what_all_say_is_added_up(lasting):
    lasting.heard(0, 10, [service(connections=3, open=1)])
    lasting.heard(1, 11, [service(connections=4, open=2)])
    (one,) = lasting.together({0: 10, 1: 11})
    assert (one.counts, one.open) == ({"connections": 7}, 3)


def test_who_does_not_answer_is_as_it_last_was(lasting):
    lasting.heard(0, 10, [service(connections=3)])
    lasting.heard(1, 11, [service(connections=4)])
    lasting.heard(0, 10, [service(connections=5)])
    assert connections(lasting.together({0: 10, 1: 11})) == {"one": 9}


def test_what_a_dead_process_has_counted_stays(lasting):
    certificate = CertificateStatus(name="main", expires=1.0)
    ended = service(
        connections=5,
        open=2,
        pending=3,
        retiring=1,
        over={"per_source": 2},
        latency=Latency(bounds=(1.0,), numbers=(1, 2), total=3.0),
        certificates=(certificate,),
    )
    lasting.heard(0, 10, [ended])
    lasting.heard(0, 20, [service(connections=1, open=1, latency=ended.latency)])
    (one,) = lasting.together({0: 20})
    assert one.counts == {"connections": 6}
    assert one.over == {"per_source": 2}
    assert one.latency == Latency(bounds=(1.0,), numbers=(2, 4), total=6.0)
    assert (one.open, one.pending, one.retiring) == (1, 0, 0)
    assert one.addresses == ("tcp://:7000",)
    assert one.state == "serving"
    assert one.certificates == ()


def test_a_place_without_a_process(lasting):
    lasting.heard(0, 10, [service(connections=5, open=2)])
    lasting.heard(1, 11, [service(connections=1, open=1)])
    (one,) = lasting.together({1: 11})
    assert (one.counts, one.open) == ({"connections": 6}, 1)


def test_when_nobody_is_left_for_a_moment(lasting):
    lasting.heard(0, 10, [service(connections=5, open=2)])
    (one,) = lasting.together({})
    assert (one.counts, one.open, one.state) == ({"connections": 5}, 0, "drained")
    lasting.heard(0, 20, [service(connections=2)])
    assert connections(lasting.together({0: 20})) == {"one": 7}


def test_a_service_that_was_removed_begins_anew(lasting):
    lasting.heard(0, 10, [service(connections=5), service("other", 7)])
    lasting.heard(0, 20, [service(connections=1)])
    assert connections(lasting.together({0: 20})) == {"one": 6}
    lasting.heard(0, 20, [service(connections=1), service("other", 2)])
    assert connections(lasting.together({0: 20})) == {"one": 6, "other": 2}


@given(
    st.lists(
        st.tuples(st.sampled_from(["grow", "die", "ask", "silence"]), st.integers(0, 2), st.integers(0, 9))
    )
)
def test_no_total_ever_falls(events):
    lasting, pids, counted, silent = (
        LastingCounts(merged_services, ended_service),
        {0: 100, 1: 101, 2: 102},
        [0, 0, 0],
        set(),
    )
    before = 0
    for number, (event, index, amount) in enumerate(events):
        if event == "grow":
            counted[index] += amount
        elif event == "die":
            pids[index], counted[index] = 1_000 + number, 0
        elif event == "silence":
            silent ^= {index}
        else:
            for each in set(pids) - silent:
                lasting.heard(each, pids[each], [service(connections=counted[each])])
            total = sum(connections(lasting.together(pids)).values())
            assert total >= before
            assert total >= sum(counted[each] for each in set(pids) - silent)
            before = total
