from __future__ import annotations

import pytest
from twisted.internet.task import Clock
from twisted.logger import globalLogPublisher

from protocols.http.policy.credential_file import LARGEST, CredentialFile, entries


@pytest.fixture
def said():
    """What is logged."""
    events = []

    def observe(event) -> None:
        if event.get("log_namespace") == "polyport":
            events.append(event["log_format"].format(**event))

    globalLogPublisher.addObserver(observe)
    yield events
    globalLogPublisher.removeObserver(observe)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "credentials"
    path.write_text("1")
    path.chmod(0o600)
    return path


def rewrite(path, text: str) -> None:
    """Put another file in its place, which is another inode."""
    new = path.with_name("new")
    new.write_text(text)
    new.chmod(0o600)
    new.replace(path)


def test_a_change_is_seen_a_second_later(file, said) -> None:
    clock = Clock()
    credentials = CredentialFile(file, int, clock)
    rewrite(file, "2")
    assert credentials.content() == 1
    clock.advance(1)
    assert credentials.content() == 2
    assert said == [f"{file} has changed, and was read again"]


def test_what_is_broken_changes_nothing_and_is_said_once(file, said) -> None:
    clock = Clock()
    credentials = CredentialFile(file, int, clock)
    rewrite(file, "two")
    for _ in range(3):
        clock.advance(1)
        assert credentials.content() == 1
    assert len(said) == 1
    assert "stays valid" in said[0]
    rewrite(file, "3")
    clock.advance(1)
    assert credentials.content() == 3


def test_so_does_what_is_gone(file, said) -> None:
    clock = Clock()
    credentials = CredentialFile(file, int, clock)
    file.unlink()
    for _ in range(3):
        clock.advance(1)
        assert credentials.content() == 1
    assert said == [f"{file}: No such file or directory; what it said before stays valid"]
    file.write_text("4")
    clock.advance(1)
    assert credentials.content() == 4


def test_at_first_it_must_be_right(file) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        CredentialFile(file, lambda text: int(text + "x"), Clock())
    with pytest.raises(FileNotFoundError):
        CredentialFile(file.with_name("missing"), int, Clock())


@pytest.mark.parametrize(
    ("mode", "warned"), [(0o600, False), (0o640, False), (0o644, True), (0o660, True), (0o604, True)]
)
def test_permissions_that_are_too_wide_are_warned_of(file, said, mode: int, warned: bool) -> None:
    file.chmod(mode)
    CredentialFile(file, int, Clock())
    assert bool(said) == warned
    assert not warned or f"{mode:04o}" in said[0]


def test_what_is_no_text_or_has_no_end(file) -> None:
    file.write_bytes(b"\xff")
    with pytest.raises(ValueError, match="not UTF-8"):
        CredentialFile(file, int, Clock())
    with file.open("wb") as sparse:
        sparse.truncate(LARGEST + 1)
    with pytest.raises(ValueError, match="more than"):
        CredentialFile(file, int, Clock())


def test_lines() -> None:
    text = "# comment\n\n alice:a:b \r\nbörje:c\n"
    assert list(entries(text)) == [(3, "alice", "a:b"), (4, "börje", "c")]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("alice", "line 1 is not of the form"),
        (":secret", "line 1 is not of the form"),
        ("a:b\na:secret", "line 2: a is there twice"),
        ("a\x00b:secret", "cannot be printed"),
    ],
)
def test_lines_that_are_none(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words) as raised:
        list(entries(text))
    assert "secret" not in str(raised.value)
