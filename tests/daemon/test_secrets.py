"""References to secrets."""

from __future__ import annotations

from pathlib import Path

import pytest

from protocols.daemon.secrets import MAX_SECRET_SIZE, SecretError, Secrets, expand_all


@pytest.fixture
def secrets(tmp_path: Path) -> Secrets:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "key").write_text("from systemd\n")
    (tmp_path / "token").write_text("two\nlines\n\n")
    (tmp_path / "windows").write_bytes(b"text\r\n")
    (tmp_path / "latin").write_bytes(b"\xe9")
    (tmp_path / "large").write_bytes(b"x" * (MAX_SECRET_SIZE + 1))
    environment = {
        "WORD": "open${env:WORD}",
        "EMPTY": "",
        "BYTES": "\udcff",
        "CREDENTIALS_DIRECTORY": str(credentials),
    }
    return Secrets(tmp_path, environment)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", ("plain", False)),
        ("$", ("$", False)),
        ("$$", ("$$", False)),
        ("$HOME", ("$HOME", False)),
        ("$${env:WORD}", ("${env:WORD}", False)),
        ("${env:WORD}", ("open${env:WORD}", True)),
        ("a${env:EMPTY}b", ("ab", True)),
        ("${file:token}", ("two\nlines\n", True)),
        ("${file:windows}", ("text", True)),
        ("${credential:key}!", ("from systemd!", True)),
        ("${credential:key}${env:EMPTY}", ("from systemd", True)),
    ],
)
def test_expanded(secrets: Secrets, text: str, expected: tuple[str, bool]) -> None:
    assert secrets.expand(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${env:NOT_SET}", "the environment variable NOT_SET is not set"),
        ("${env:BYTES}", "${env:BYTES} is not UTF-8"),
        ("${evn:WORD}", "did you mean env?"),
        ("${WORD}", 'write "$${" for'),
        ("${}", "is no reference"),
        ("${env:}", "names nothing"),
        ("${env:WORD", 'without its "}"'),
        ("${file:nowhere}", "${file:nowhere} cannot be read: No such file"),
        ("${file:credentials}", "Is a directory"),
        ("${file:latin}", "is not UTF-8"),
        ("${file:large}", f"larger than {MAX_SECRET_SIZE} bytes"),
        ("${file:a\0b}", "is no file name"),
        ("${credential:../token}", "has no slash"),
        ("${credential:nothing}", "cannot be read"),
    ],
)
def test_refused(secrets: Secrets, text: str, expected: str) -> None:
    with pytest.raises(SecretError) as raised:
        secrets.expand(text)
    assert expected in str(raised.value)


def test_credentials_need_systemd(tmp_path: Path) -> None:
    with pytest.raises(SecretError, match="LoadCredential="):
        Secrets(tmp_path, {}).expand("${credential:key}")


def test_a_tree_is_copied_and_its_secrets_are_remembered(secrets: Secrets) -> None:
    reports: list[tuple[tuple[str | int, ...], str]] = []
    data = {"a": ["${env:EMPTY}", 5, {"b": "x$${"}], "${env:WORD}": None, "c": "${env:X}"}
    expanded, hidden = expand_all(data, secrets, lambda path, text: reports.append((path, text)))
    assert expanded == {"a": ["", 5, {"b": "x${"}], "${env:WORD}": None, "c": "${env:X}"}
    assert hidden == {("a", 0)}
    assert reports == [(("c",), "the environment variable X is not set")]
    assert data["a"] == ["${env:EMPTY}", 5, {"b": "x$${"}]


@pytest.mark.parametrize(
    ("mode", "is_exposed"), [(0o600, False), (0o640, False), (0o644, True), (0o660, True)]
)
def test_files_that_others_can_read(secrets: Secrets, tmp_path: Path, mode: int, is_exposed: bool) -> None:
    (tmp_path / "token").chmod(mode)
    secrets.expand("${file:token}")
    warned = secrets.take_warnings()
    assert len(warned) == is_exposed
    assert all(f"${{file:token}} has mode {mode:04o}: others should not" in text for text in warned)
    assert secrets.take_warnings() == []


def test_devices_belong_to_nobody(secrets: Secrets) -> None:
    assert secrets.expand("${file:/dev/null}") == ("", True)
    assert secrets.take_warnings() == []


def test_values_are_remembered_to_be_masked(secrets: Secrets) -> None:
    secrets.expand("${env:WORD} ${credential:key}")
    assert secrets.values == {"open${env:WORD}", "from systemd"}
