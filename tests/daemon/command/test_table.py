"""Columns of text."""

from __future__ import annotations

from protocols.daemon.command.table import aligned


def test_columns_are_as_wide_as_what_stands_in_them():
    assert aligned([("NAME", "N", ""), ("a", "100", "x"), ("long name", "7", "")], right=[1]) == [
        "NAME         N",
        "a          100  x",
        "long name    7",
    ]
