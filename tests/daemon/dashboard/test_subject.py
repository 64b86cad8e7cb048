"""What a page is about."""

from __future__ import annotations

import pytest

from protocols.daemon.dashboard.subject import EVERYTHING, Subject
from protocols.http import Query


@pytest.mark.parametrize(
    ("query", "subject"),
    [
        ("", EVERYTHING),
        ("tap=on", EVERYTHING),
        ("service=shout", Subject("service", "shout")),
        ("channel=readings", Subject("channel", "readings")),
        ("channel=", Subject("channel", "")),
        ("channel=a&service=b", Subject("service", "b")),
    ],
)
def test_what_is_asked_for(query, subject):
    assert Subject.of(Query(query)) == subject
