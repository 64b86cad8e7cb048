"""What ``%`` stands for."""

from __future__ import annotations

import pytest

from protocols.daemon.importers.place import ValueFault
from protocols.daemon.importers.systemd.specifiers import expanded, specifiers_of


@pytest.mark.parametrize(
    ("unit", "text", "result"),
    [
        ("a.socket", "%t/%n-%N-%p-%i", "/run/a.socket-a-a-"),
        ("a-b.service", "%p %P %j", "a-b a/b b"),
        ("a@x-y.service", "%i %I %N", "x-y x/y a@x-y"),
        ("a@.service", "%p 100%% %T", "a 100% /tmp"),
        ("a.service", "%5 %", "%5 %"),
    ],
)
def test_known(unit, text, result):
    assert expanded(text, specifiers_of(unit)) == result


@pytest.mark.parametrize("letter", ["i", "I", "n", "m", "H"])
def test_what_only_a_machine_or_a_connection_knows(letter):
    with pytest.raises(ValueFault, match=f"^%{letter} stands for"):
        expanded(f"a%{letter}", specifiers_of("a@.service"))
