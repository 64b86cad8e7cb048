"""A view as a script gets it."""

from __future__ import annotations

from protocols.daemon.dashboard.view import Row, View, view_value

VIEW = View(
    {"a": "1\u202e"},
    {"t": [Row("k", {"b": "\0"}, "warn", {"r": (1.234, 2.354)})]},
    {"c": "bad"},
    {"d": (1, 2)},
)


def test_whole():
    assert view_value(VIEW, whole=True) == {
        "whole": True,
        "texts": {"a": "1\\u202e"},
        "kinds": {"c": "bad"},
        "rates": {"d": [1, 2]},
        "tables": {
            "t": [{"key": "k", "kind": "warn", "texts": {"b": "\\x00"}, "rates": {"r": [1.23, 2.35]}}]
        },
    }


def test_for_one_who_has_the_others():
    value = view_value(VIEW, whole=False)
    assert (value["rates"], value["tables"]["t"][0]["rates"]) == ({"d": [2]}, {"r": [2.35]})
    assert view_value(View({}, {}, rates={"d": ()}), whole=False)["rates"] == {"d": []}
