"""Certificates and services in further files."""

from __future__ import annotations

from pathlib import Path

import pytest

from protocols.daemon.include import MAX_FILES
from protocols.daemon.loader import load
from protocols.daemon.problems import ConfigError

SERVICE = "{listen: tcp://127.0.0.1:0, builtin: echo}"


@pytest.fixture
def main(tmp_path: Path) -> Path:
    (tmp_path / "conf.d").mkdir()
    return tmp_path / "main.yaml"


def refused(main: Path) -> str:
    with pytest.raises(ConfigError) as raised:
        load(main)
    return str(raised.value).replace(f"{main.parent}/", "")


def test_files_are_merged_in_the_order_of_their_names(main: Path) -> None:
    main.write_text(f"include: conf.d/*.yaml\nservices: {{main: {SERVICE}}}\n")
    (main.parent / "conf.d" / "b.yaml").write_text(f"services: {{second: {SERVICE}}}\n")
    (main.parent / "conf.d" / "a.yaml").write_text(f"services: {{first: {SERVICE}}}\n")
    (main.parent / "conf.d" / "a.yaml.bak").write_text("not: read")
    loaded = load(main)
    assert list(loaded.config.services) == ["main", "first", "second"]
    assert loaded.config.include == ("conf.d/*.yaml",)
    place = loaded.origin.place(("services", "first", "listen"))
    assert Path(place.file) == main.parent / "conf.d" / "a.yaml"
    assert (place.line, place.column) == (1, 28)


def test_all_services_may_be_in_included_files(main: Path) -> None:
    main.write_text("include: [conf.d/a.yaml, conf.d/*]\n")
    (main.parent / "conf.d" / "a.yaml").write_text(f"services: {{a: {SERVICE}}}\n")
    assert list(load(main).config.services) == ["a"]


def test_a_file_does_not_include_itself(main: Path) -> None:
    main.write_text(f"include: '*.yaml'\nservices: {{main: {SERVICE}}}\n")
    assert list(load(main).config.services) == ["main"]


def test_a_pattern_may_match_nothing_and_a_name_may_not(main: Path) -> None:
    main.write_text(f"include: [none/*.yaml, none.yaml]\nservices: {{main: {SERVICE}}}\n")
    assert refused(main) == (
        'main.yaml:1:24: include[1]: there is no file "none.yaml" in the folder of this file'
    )


def test_one_name_in_two_files_names_both_places(main: Path) -> None:
    main.write_text(f"include: conf.d/a.yaml\nservices:\n  main: {SERVICE}\n")
    (main.parent / "conf.d" / "a.yaml").write_text(f"services: {{main: {SERVICE}}}\n")
    assert refused(main) == ("conf.d/a.yaml:1:12: services.main: this name stands already at main.yaml:3:3")


def test_nothing_else_may_be_included(main: Path) -> None:
    main.write_text(f"include: conf.d/a.yaml\nservices: {{main: {SERVICE}}}\n")
    (main.parent / "conf.d" / "a.yaml").write_text("include: b.yaml\nservice: {}\nservices: []\n")
    assert [line.partition(": ")[2] for line in refused(main).splitlines()] == [
        "include: an included file cannot hold this key; known keys: certificates, networks, "
        "channels, services",
        "service: an included file cannot hold this key; known keys: certificates, networks, channels, "
        "services; did you mean services?",
        "services: a mapping of names is expected here",
    ]


def test_a_broken_file_hides_no_other_problem_and_makes_none_up(main: Path) -> None:
    main.write_text(
        "include: conf.d/a.yaml\n"
        "services:\n"
        "  main: {listen: tls://:0, tls: perhaps-in-the-broken-file, builtin: echo}\n"
        "  other: {listen: tcp://:0, builtin: eco}\n"
    )
    (main.parent / "conf.d" / "a.yaml").write_text("certificates: {")
    first, second = refused(main).splitlines()
    assert first.startswith("conf.d/a.yaml:1:16: is not YAML")
    assert second.startswith("main.yaml:4:38: services.other.builtin")


def test_faults_of_included_values_are_said_once(main: Path) -> None:
    main.write_text("include: conf.d/a.yaml\n")
    (main.parent / "conf.d" / "a.yaml").write_text(
        "services:\n  a: {listen: tcp://:0, builtin: echo, limits: {connections: 022}}\n"
    )
    (line,) = refused(main).splitlines()
    assert "services.a.limits.connections: 022 has a leading zero" in line


def test_the_number_of_files_is_bounded(main: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_FILES >= 1000
    monkeypatch.setattr("protocols.daemon.include.MAX_FILES", 2)
    for number in range(3):
        (main.parent / "conf.d" / f"{number}.yaml").write_text(f"services: {{s{number}: {SERVICE}}}")
    main.write_text(f"include: conf.d/*.yaml\nservices: {{main: {SERVICE}}}\n")
    assert "matches more than 2 files" in refused(main)


def test_an_empty_pattern_and_a_value_that_is_none(main: Path) -> None:
    main.write_text(f"include: ''\nservices: {{main: {SERVICE}}}\n")
    assert 'include: "" is no pattern of files' in refused(main)
    main.write_text(f"include: 5\nservices: {{main: {SERVICE}}}\n")
    assert "include: text is expected, not the number 5" in refused(main)


def test_a_section_of_the_main_file_that_is_no_mapping(main: Path) -> None:
    main.write_text("include: conf.d/a.yaml\nservices: [a]\n")
    (main.parent / "conf.d" / "a.yaml").write_text(f"services: {{main: {SERVICE}}}\n")
    assert refused(main) == "main.yaml:2:11: services: a mapping of names is expected here"


def test_what_was_read_once_can_be_read_again_whatever_the_files_say_by_then(tmp_path):
    from protocols.daemon.loader import read

    file = tmp_path / "polyport.yaml"
    file.write_text("include: more/*.yaml\nservices: {a: {listen: 'unix:a', builtin: echo}}")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "b.yaml").write_text("services: {b: {listen: 'unix:b', builtin: echo}}")
    first = read(file).resolved(None)
    assert list(first.texts) == [str(file), str(tmp_path / "more" / "b.yaml")]
    file.write_text("no: [YAML")
    (tmp_path / "more" / "b.yaml").unlink()
    again = read(file, given=first.texts).resolved(None)
    assert again.config == first.config
    assert again.texts == first.texts
