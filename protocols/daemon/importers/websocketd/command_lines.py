"""Command lines of websocketd in a file: a script, a unit of systemd, a Dockerfile, or only the line."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

from protocols.daemon.importers.place import Fault, Place, SourceError
from protocols.daemon.importers.source_text import check_encodable

NAME: Final = "websocketd"

_BEFORE: Final = ("exec", "nohup", "sudo", "setsid", "env", "do", "then", "else", "time", "command")
"""Words after which a command still begins."""

_ASSIGNMENT: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=.*", re.DOTALL)
_LEADER: Final = re.compile(
    r"\s*(?:ExecStart\s*=\s*[-@:+!]*|(?:CMD|ENTRYPOINT)\s+|-\s+|[\w.-]+:\s+)?(?P<rest>.*)"
)
_OPERATORS: Final = frozenset("();<>|&")


@dataclass(frozen=True, slots=True)
class CommandLine:
    """The words behind ``websocketd``."""

    words: tuple[str, ...]
    place: Place
    is_of_shell: bool = False
    """Whether a shell reads it first, which knows variables."""


def is_websocketd(word: str) -> bool:
    """Whether `word` is websocketd, or its path."""
    return PurePath(word).name == NAME


def command_lines(text: str, file: str) -> list[CommandLine]:
    """The command lines in `text`, which messages call `file`.  Raises :class:`SourceError`."""
    found: list[CommandLine] = []
    faults: list[Fault] = []
    for number, line in _whole_lines(text):
        if NAME not in line or line.lstrip().startswith("#"):
            continue
        place = Place(file, number)
        try:
            words = _words(line)
        except ValueError as error:
            faults.append(Fault(place, f"is no command line: {str(error).lower()}"))
            continue
        for command in _commands(words):
            if wrong := check_encodable(command):
                faults.append(Fault(place, wrong))
            else:
                found.append(CommandLine(tuple(command), place, is_of_shell=True))
    if not faults and not found:
        faults.append(Fault(Place(file), "there is no command line of websocketd in it"))
    if faults:
        raise SourceError(faults)
    return found


def _whole_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines, those that end in a backslash joined with the next one."""
    begun, first = "", 0
    for number, line in enumerate(text.split("\n"), 1):
        first = first if begun else number
        if line.endswith("\\"):
            begun += line[:-1] + " "
            continue
        yield first, begun + line
        begun = ""
    if begun:
        yield first, begun


def _words(line: str) -> list[str]:
    """The words of `line`, operators of the shell among them.  Raises :class:`ValueError`."""
    match = _LEADER.fullmatch(line)
    rest = line if match is None else match["rest"]
    if rest.startswith("["):
        words = json.loads(rest)
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise ValueError("a list of words is expected")
        return words
    lexer = shlex.shlex(rest, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    return list(lexer)


def _commands(words: list[str]) -> Iterator[list[str]]:
    """What follows each ``websocketd`` that is a command, as far as its command goes."""
    begins = True
    for index, word in enumerate(words):
        if begins and is_websocketd(word):
            end = index + 1
            while end < len(words) and not _is_operator(words[end]):
                end += 1
            # A digit before a redirection is a descriptor.
            cut = end < len(words) and words[end][0] in "<>" and words[end - 1].isdigit() and end - 1 > index
            yield words[index + 1 : end - 1 if cut else end]
            begins = False
        else:
            begins = _is_operator(word) or (begins and (word in _BEFORE or bool(_ASSIGNMENT.fullmatch(word))))


def _is_operator(word: str) -> bool:
    return bool(word) and set(word) <= _OPERATORS
