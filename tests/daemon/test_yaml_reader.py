"""What the YAML reader accepts, refuses and remembers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from protocols.daemon import yaml_reader
from protocols.daemon.document import Document
from protocols.daemon.problems import ConfigError
from protocols.daemon.yaml_text import MAX_FILE_SIZE

# What YAML can hold in quotes; YAML 1.1's own line breaks would be folded by the dumper of PyYAML.
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x85\u2028\u2029\ufeff"))
SCALARS = st.none() | st.booleans() | st.integers(-(10**30), 10**30) | TEXT
SCALARS |= st.floats(allow_nan=False)
TREES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=20)


class Dumper(yaml.SafeDumper):
    """Writes texts in quotes, so that what it knows of YAML 1.1 does not matter."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


Dumper.add_representer(
    str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')
)


def parse(text: str) -> Document:
    return yaml_reader.parse(text, "a.yaml")


def value(text: str) -> Any:
    document = parse(f"key: {text}\n")
    assert not document.problems
    return document.data["key"]


def outcome(read: Callable[[], Document]) -> object:
    """What reading gave: positions, or problems; anything else that is raised fails the test."""
    try:
        return read().positions
    except ConfigError as error:
        return error.problems


def messages(text: str) -> list[str]:
    return [str(problem) for problem in parse(text).problems]


def refused(text: str) -> str:
    with pytest.raises(ConfigError) as raised:
        parse(text)
    return str(raised.value)


@given(TREES, st.booleans())
def test_what_was_written_is_read(tree: Any, flow: bool) -> None:
    text = yaml.dump(tree, Dumper=Dumper, allow_unicode=True, default_flow_style=flow)
    document = parse(text)
    assert document.data == tree
    assert not document.problems


@given(TREES)
def test_every_value_has_a_place(tree: Any) -> None:
    document = parse(yaml.dump(tree, Dumper=Dumper))
    expected: set[tuple[str | int, ...]] = set()

    def walk(node: Any, path: tuple[str | int, ...]) -> None:
        expected.add(path)
        if isinstance(node, dict):
            for key, item in node.items():
                walk(item, (*path, key))
        elif isinstance(node, list):
            for index, item in enumerate(node):
                walk(item, (*path, index))

    walk(tree, ())
    assert set(document.positions) == expected


SIGNS = [":", "-", "[", "]", "{", "}", ",", "|", ">", "'", '"', "#", "?", "%", "\\", "@", "`", "="]
WORDS = ["a", "&a", "*a", "!", "!!str", "---", "...", "<<", "022", "0x", "~", "${"]
BLANKS = [" ", "  ", "\n", "\n  ", ": ", "\t", "\ufeff", "\x00", "\x85"]
ODDITIES = ["\\ud800", "\\UFFFFFFFF", "%YAML 1.1\n", "%TAG ! x\n"]
PIECES = st.sampled_from([*SIGNS, *WORDS, *BLANKS, *ODDITIES])


@given(st.text() | st.lists(PIECES, max_size=30).map("".join))
def test_any_text_is_a_document_or_a_config_error(text: str) -> None:
    assert outcome(lambda: parse(text))


@given(st.binary())
def test_any_bytes_are_a_document_or_a_config_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    file = tmp_path_factory.getbasetemp() / "any.yaml"
    file.write_bytes(content)
    assert outcome(lambda: yaml_reader.read(file))


@pytest.mark.parametrize("text", ["on", "off", "yes", "No", "y", "1:30", "2026-01-01", "1_000", "="])
@pytest.mark.parametrize("suffix", ["", " # comment"])
def test_yaml_1_1_surprises_are_text(text: str, suffix: str) -> None:
    assert value(text + suffix) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("0", 0),
        ("-12", -12),
        ("0o22", 18),
        ("0x1F", 31),
        ("0b11", "0b11"),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("-.inf", float("-inf")),
        ("0.0.0.0", "0.0.0.0"),
        ("'22'", "22"),
        ("!!str 22", "22"),
        ("! 22", "22"),
        ("!!int 22", 22),
        ("+", "+"),
    ],
)
def test_core_schema(text: str, expected: Any) -> None:
    found = value(text)
    assert found == expected
    assert type(found) is type(expected)


def test_a_leading_zero_is_refused_and_explained() -> None:
    assert messages("mode: 022") == [
        "a.yaml:1:7: mode: 022 has a leading zero, which some read as octal; "
        'write 22 for the number, 0o22 for an octal number, "022" for text'
    ]
    assert "octal number," not in messages("mode: 089")[0]


def test_a_number_without_end_is_refused() -> None:
    assert "a number of 5000 characters" in messages("n: " + "9" * 5000)[0]


def test_positions_are_those_of_keys_and_values() -> None:
    positions = parse("a:\n  b: [1, x: 2]\n").positions
    assert str(positions[("a", "b")].key) == "a.yaml:2:3"
    assert str(positions[("a", "b")].value) == "a.yaml:2:6"
    assert str(positions[("a", "b", 1)].value) == "a.yaml:2:10"
    assert str(positions[("a", "b", 1, "x")].value) == "a.yaml:2:13"


def test_aliases_repeat_a_value_and_its_places() -> None:
    document = parse("a: &x {b: 1}\nc: *x\n")
    assert document.data == {"a": {"b": 1}, "c": {"b": 1}}
    assert document.positions[("c", "b")] == document.positions[("a", "b")]
    assert document.positions[("c",)].value.line == 2


def test_a_fault_is_known_to_its_aliases() -> None:
    document = parse("a: &x 022\nb: *x\n")
    assert len(document.problems) == 1
    assert ("b",) in document.faulty


def test_duplicate_keys_name_both_places() -> None:
    document = parse("a: 1\nb: {c: 1, c: {d: 2}}\na: 2\n")
    assert document.data == {"a": 1, "b": {"c": 1}}
    assert [str(problem) for problem in document.problems] == [
        "a.yaml:2:11: b.c: this key stands already at a.yaml:2:5",
        "a.yaml:3:1: a: this key stands already at a.yaml:1:1",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<<: {a: 1}", "merge keys are not accepted"),
        ("a: !!python/object/apply:os.system [ls]", "!!python/object/apply:os.system is not acc"),
        ("a: !!set {b}", "the tag !!set is not accepted"),
        ("a: !!int x", "not what the tag !!int says"),
        ("a: !!map [x]", "the tag !!map is not accepted"),
        ("!!int 5: x", "the tag !!int is not accepted"),
        ("1: x", 'a key must be text, and 1 is not; for text write "1"'),
        ("012: x", "a key must be text, and 012 is not"),
        ("? \n: x", "a key must be text, and nothing is not"),
        ("? [a]\n: x", "a key must be text, not a list or mapping"),
        ("a: &x k\n*x : 1", "a key must be text, not an alias"),
        ("&x a: 1", "the anchor &x is on a key"),
        ("a: *x", "no anchor &x"),
        ("a: &x [*x]", "*x stands inside the value it repeats"),
        ('a: "\\ud800"', "half of a surrogate pair"),
        ('"\\ud800": 1', "half of a surrogate pair"),
        ("a: 1\n---\nb: 2", "a second document begins here"),
    ],
)
def test_refused_with_one_problem(text: str, expected: str) -> None:
    (message,) = messages(text)
    assert expected in message


def test_quoted_merge_signs_are_text() -> None:
    assert parse('"<<": 1').data == {"<<": 1}


def test_an_anchor_inside_a_refused_value_is_not_a_second_problem() -> None:
    assert len(messages("a: 1\na: &x 2\nb: *x\n")) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "a.yaml: the file is empty"),
        ("# nothing\n", "a.yaml: the file is empty"),
        ("a:\n\tb: 1", "a.yaml:2:1: is not YAML"),
        ("a: [1", "a.yaml:1:6: is not YAML"),
        ("a: @b", "put text that begins with this character in quotes"),
        ('a: "\\UFFFFFFFF"', "a number here is out of range"),
        ("a: b\x07", "a.yaml:1:5: the character U+0007 is not allowed"),
        ("%YAML 2.0\n---\na: 1", "is not YAML"),
    ],
)
def test_what_cannot_be_read_to_its_end(text: str, expected: str) -> None:
    assert expected in refused(text)


def test_problems_before_a_syntax_error_are_said_too() -> None:
    assert len(refused("a: 022\nb: [").splitlines()) == 2


def test_tabs_are_explained() -> None:
    assert "indent with spaces, not tabs" in refused("a:\n\tb: 1")


@pytest.mark.parametrize("text", ["[" * 100_000, "a: " + "{b: " * 70, "? " + "[" * 70, "- " * 100])
def test_depth_is_bounded(text: str) -> None:
    assert f"deeper than {yaml_reader.MAX_DEPTH} levels" in refused(text)


def test_depth_is_bounded_through_aliases() -> None:
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 100)]
    assert "deeper than" in refused("\n".join(lines))


def test_aliases_of_aliases_are_bounded() -> None:
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [{f'*a{n - 1}, ' * 10}]" for n in range(1, 12)]
    assert f"more than {yaml_reader.MAX_VALUES} values" in refused("\n".join(lines))


def test_a_large_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "large.yaml"
    file.write_bytes(b"#" * (MAX_FILE_SIZE + 1))
    with pytest.raises(ConfigError, match=f"is larger than {MAX_FILE_SIZE} bytes"):
        yaml_reader.read(file)


def test_files_that_are_not_there_or_not_utf_8(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"b\.yaml: cannot be read: No such file or directory$"):
        yaml_reader.read(tmp_path / "b.yaml")
    with pytest.raises(ConfigError, match="name: cannot be read: Is a directory"):
        yaml_reader.read(tmp_path, "name")
    with pytest.raises(ConfigError, match="is no file name"):
        yaml_reader.read(Path("a\0b"))
    (tmp_path / "c.yaml").write_bytes(b"a: 1\nb: \xff")
    with pytest.raises(ConfigError, match=r"name:2:4: byte 0xff is not UTF-8"):
        yaml_reader.read(tmp_path / "c.yaml", "name")
    (tmp_path / "d.yaml").write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert yaml_reader.read(tmp_path / "d.yaml").data == {"a": 1}
