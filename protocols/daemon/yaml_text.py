"""From a file to text that a YAML parser may see, and from the parser's complaints to sentences."""

from __future__ import annotations

import re
from pathlib import Path

import yaml
from yaml.reader import Reader

from protocols.daemon.problems import ConfigError, Problem

MAX_FILE_SIZE = 1024 * 1024
"""Bytes of one file.  A thousand services need a tenth of this; what is larger is not a configuration."""

_UNPRINTABLE = Reader.NON_PRINTABLE

USUAL_NAME = "polyport.yaml"
"""The file that the commands read unless told otherwise."""


def read_text(file: Path, name: str) -> str:
    """The text of `file`, which messages call `name`.  Raises :class:`ConfigError`."""
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_FILE_SIZE + 1)
    except OSError as error:
        absent = isinstance(error, FileNotFoundError) and file.name == USUAL_NAME
        hint = "; `polyport init` writes a first one" if absent else ""
        raise ConfigError([_whole(name, f"cannot be read: {error.strerror}{hint}")]) from error
    except ValueError as error:
        raise ConfigError([_whole(name, f"is no file name: {error}")]) from error
    if len(content) > MAX_FILE_SIZE:
        raise ConfigError([_whole(name, f"is larger than {MAX_FILE_SIZE} bytes")])
    return decode(content, name)


def decode(content: bytes, name: str) -> str:
    """`content` as text.  Raises :class:`ConfigError` if it is not UTF-8."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8", "replace")
        line, column = _line_and_column(before)
        byte = content[error.start]
        raise ConfigError(
            [Problem(name, line, column, "", f"byte 0x{byte:02x} is not UTF-8 ({error.reason})")]
        ) from error


def check_characters(text: str, name: str) -> None:
    """Raises :class:`ConfigError` at the first character that YAML does not allow in a file."""
    found = _UNPRINTABLE.search(text)
    if found:
        line, column = _line_and_column(text[: found.start()])
        message = f"the character U+{ord(found.group()):04X} is not allowed in YAML"
        raise ConfigError([Problem(name, line, column, "", message)])


def syntax_message(error: yaml.YAMLError, text: str) -> tuple[int, int, str]:
    """Line, column (both from 1) and sentence for what PyYAML found wrong in `text`."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return 0, 0, f"is not YAML: {error}"
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    parts = [part for part in (error.context, error.problem) if part]
    source = text.splitlines()[line - 1] if 0 < line <= len(text.splitlines()) else ""
    said = ", ".join(parts).replace("'<stream end>'", "the end of the file")
    return line, column, f"is not YAML: {said}{_hint(error.problem or '', source)}"


def _hint(problem: str, source: str) -> str:
    if r"'\t'" in problem or re.match(r" *\t", source):
        return "; indent with spaces, not tabs"
    if "${" in source and ("," in problem or "expected" in problem):
        return '; put "${…}" in quotes inside brackets and braces'
    if "expected <block end>" in problem:
        return "; lines that belong together begin in the same column"
    if "mapping values are not allowed" in problem:
        return '; put text that holds ": " in quotes'
    if re.search(r"character '[%@`]'", problem):
        return "; put text that begins with this character in quotes"
    return ""


def _whole(name: str, message: str) -> Problem:
    return Problem(name, 0, 0, "", message)


def _line_and_column(before: str) -> tuple[int, int]:
    lines = before.split("\n")
    return len(lines), len(lines[-1]) + 1
