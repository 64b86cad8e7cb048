"""What each status of HTTP means to a message."""

from __future__ import annotations

import pytest

from protocols.channels.forward.outcome import PASSED, of_status


@pytest.mark.parametrize(
    ("kind", "statuses"),
    [
        ("passed", (200, 201, 202, 204, 299)),
        ("refused", (400, 410, 411, 413, 414, 415, 422, 431, 451)),
        ("busy", (429,)),
        ("failed", (301, 302, 304, 307, 401, 403, 404, 405, 407, 408, 409, 423, 425, 499)),
        ("failed", (500, 501, 502, 503, 504, 507, 599)),
    ],
)
def test_statuses(kind, statuses):
    for status in statuses:
        outcome = of_status(status, "words", 3.0)
        assert outcome.kind == kind, status
        if kind == "passed":
            assert outcome == PASSED
        else:
            assert outcome.error == "words"
        if kind in ("busy", "failed"):
            assert outcome.wait == 3.0
