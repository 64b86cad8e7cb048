"""From two configurations to what a reload has to do."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as some

from protocols.daemon.reload.comparison import Shape, Step, compare, compared, summary
from protocols.daemon.spec.address import Address


def at(*urls: str) -> tuple[Address, ...]:
    return tuple(Address.parse(url) for url in urls)


A, B = at("tcp://:7000", "udp://:7000")


def test_what_becomes_of_what_is_named():
    deeds = compared({"a": 1, "b": 1, "c": 1}, {"d": 1, "b": 2, "a": 1})
    assert list(deeds.items()) == [("d", "added"), ("b", "changed"), ("a", "kept"), ("c", "removed")]


def test_the_summary_has_news_of_channels_only():
    assert summary([], {"a": "kept"}) == "0 kept, 0 changed, 0 added, 0 dropped"
    news = {"a": "kept", "b": "removed", "c": "added", "d": "added"}
    assert summary([], news).partition("; ")[2] == "channels: 2 added, 1 dropped"


def test_what_is_the_same_is_kept():
    shape = Shape((A, B), "code")
    assert compare({"one": shape}, {"one": Shape((A, B), "code")}) == [Step("one", "kept")]


def test_what_is_made_of_something_else_is_changed():
    assert compare({"one": Shape((A,), 1)}, {"one": Shape((A,), 2)}) == [Step("one", "changed")]


def test_other_addresses_alone_change_nothing_for_those_who_are_connected():
    steps = compare({"one": Shape((A,), 1)}, {"one": Shape((B,), 1)})
    assert steps == [Step("one", "kept", opened=(B,), closed=(A,))]
    assert summary(steps) == "1 kept, 0 changed, 0 added, 0 dropped; 1 with other addresses"


def test_the_order_of_addresses_is_nothing():
    assert compare({"one": Shape((A, B), 1)}, {"one": Shape((B, A), 1)}) == [Step("one", "kept")]


def test_services_come_and_go():
    steps = compare(
        {"old": Shape((A,), 1), "same": Shape((B,), 1)}, {"new": Shape((A,), 1), "same": Shape((B,), 1)}
    )
    assert steps == [
        Step("new", "added", opened=(A,)),
        Step("same", "kept"),
        Step("old", "removed", closed=(A,)),
    ]
    assert summary(steps) == "1 kept, 0 changed, 1 added, 1 dropped"


shapes = some.dictionaries(
    some.sampled_from(["a", "b", "c", "d"]),
    some.builds(Shape, some.lists(some.sampled_from([A, B]), unique=True).map(tuple), some.integers(0, 1)),
)


@given(shapes, shapes)
def test_following_the_steps_leads_from_one_to_the_other(before, after):
    served = {name: set(shape.addresses) for name, shape in before.items()}
    made_of = {name: shape.made_of for name, shape in before.items()}
    steps = compare(before, after)
    assert sorted(step.service for step in steps) == sorted({*before, *after})
    for step in steps:
        if step.deed == "removed":
            assert served.pop(step.service) == set(step.closed)
            del made_of[step.service]
            continue
        addresses = served.setdefault(step.service, set())
        assert addresses.issuperset(step.closed)
        assert addresses.isdisjoint(step.opened)
        served[step.service] = addresses - set(step.closed) | set(step.opened)
        if step.deed != "kept":
            made_of[step.service] = after[step.service].made_of
    assert served == {name: set(shape.addresses) for name, shape in after.items()}
    assert made_of == {name: shape.made_of for name, shape in after.items()}
