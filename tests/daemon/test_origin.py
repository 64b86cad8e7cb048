"""Where values came from, and what of them may be said."""

from __future__ import annotations

from pathlib import Path

import pytest

from protocols.daemon.document import Place, Spot
from protocols.daemon.origin import HIDDEN, Origin

PLACE = Place("a.yaml", 2, 3)


@pytest.fixture
def origin() -> Origin:
    spots = {("a",): Spot(Place("a.yaml", 2, 1), PLACE), ("b",): Spot(PLACE, PLACE)}
    return Origin(Path("/etc/a.yaml"), spots)


def test_the_nearest_place_stands_for_what_has_none(origin: Origin) -> None:
    assert origin.known(("a", "x", 0)) == ("a",)
    assert origin.place(("a", "x", 0)) == PLACE
    assert origin.place(("a",), key=True).column == 1
    assert origin.place(("c",)) == Place("/etc/a.yaml", 0, 0)


def test_nothing_is_said_of_a_secret(origin: Origin) -> None:
    origin.hidden = frozenset({("a",)})
    assert origin.problem(("a", "call"), "hunter2 is wrong").message == HIDDEN
    assert origin.problem(("a",), "is wrong", safe=True).message == "is wrong"
    assert origin.problem(("a",), "is unknown", key=True).message == "is unknown"
    assert origin.problem(("b",), "5 is wrong").message == "5 is wrong"


def test_files_are_shown_relative_to_the_folder(origin: Origin) -> None:
    assert origin.shown(Path("/etc/tls/a.pem")) == "tls/a.pem"
    assert origin.shown(Path("/var/a.pem")) == "/var/a.pem"
