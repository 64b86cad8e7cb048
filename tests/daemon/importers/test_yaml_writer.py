"""YAML that reads as what it was written from."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.daemon.importers.yaml_writer import block, comment, flow, scalar
from protocols.daemon.secrets import Secrets, expand_all
from protocols.daemon.yaml_reader import parse

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30).filter(
    lambda text: "\ufeff" not in text and "\x00" not in text
)
SCALARS = TEXTS | st.integers(-(10**9), 10**9) | st.booleans()
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS.filter(lambda k: "${" not in k), inner),
    max_leaves=12,
)


def back(text: str, tmp_path) -> object:
    """What Polyport reads in `text`, its references to secrets replaced."""
    data = parse(text, "test.yaml").data
    expanded, _ = expand_all(data, Secrets(tmp_path, {}), lambda *_: None, lambda *_: None)
    return expanded


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("/usr/bin/finger", "/usr/bin/finger"),
        ("-l", "-l"),
        ("--", '"--"'),
        ("tcp://:79", "tcp://:79"),
        ("tcp://[::1]:79", '"tcp://[::1]:79"'),
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("64MiB", "64MiB"),
        ("true", '"true"'),
        ("022", '"022"'),
        ("1e3", '"1e3"'),
        ("", '""'),
        ("*", '"*"'),
        ("a: b", '"a: b"'),
        ("a #b", '"a #b"'),
        ('exec "$@"', "'exec \"$@\"'"),
        ("it's", '"it\'s"'),
        ("${env:HOME}", '"$${env:HOME}"'),
        (5, "5"),
        (False, "false"),
    ],
)
def test_scalars(value, written, tmp_path):
    assert scalar(value) == written
    assert back(f"key: {written}", tmp_path) == {"key": value}


@given(VALUES)
def test_whatever_is_written_is_read_again(tmp_path_factory, value):
    folder = tmp_path_factory.getbasetemp()
    assert back(f"key: {flow(value)}\n", folder) == {"key": value}
    assert back("\n".join(block({"key": value}, 0)) + "\n", folder) == {"key": value}


def test_mappings_have_lines_and_lists_brackets():
    data = {
        "listen": "tcp://:1",
        "program": {"command": ["a", "-b"], "queue": 0},
        "rules": [{"allow": "all"}],
    }
    assert list(block(data, 2)) == [
        "  listen: tcp://:1",
        "  program:",
        "    command: [a, -b]",
        "    queue: 0",
        "  rules:",
        "    - allow: all",
    ]


def test_a_long_list_has_lines():
    assert list(block({"a": ["x" * 60, "y" * 60]}, 0)) == ["a:", f"  - {'x' * 60}", f"  - {'y' * 60}"]


def test_comments_stay_comments():
    lines = list(comment("one\ntwo: [\x1b[31m" + " word" * 40, 4))
    assert all(line.startswith("    # ") and line.isprintable() for line in lines)
    assert len(lines) > 1
