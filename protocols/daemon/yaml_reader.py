"""A strict YAML file: plain data, and for every value the line and column where it stands.

Refused, because each has surprised somebody: duplicate keys, keys that are not text, merge keys, tags
other than the core schema's, aliases that contain themselves, several documents in one file, and
numbers with a leading zero.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Any, NamedTuple, cast

import yaml
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from protocols.daemon import yaml_scalars
from protocols.daemon.document import Document, Place, Spot
from protocols.daemon.problems import ConfigError, Path, Problem, path_text, quoted
from protocols.daemon.yaml_text import check_characters, read_text, syntax_message

MAX_DEPTH = 64
"""Mappings and lists inside each other; the specification needs fewer than ten."""
MAX_VALUES = 100_000
"""Values of one file once its aliases are followed, so that a few lines of aliases of aliases cannot
grow without bound."""

_CORE = "tag:yaml.org,2002:"
_SURROGATE = re.compile("[\ud800-\udfff]")


def read(file: FilePath, name: str | None = None) -> Document:
    """Read `file`, which messages call `name`.

    Raises :class:`ConfigError` if it cannot be read to its end: missing, too large, not UTF-8, not YAML.
    """
    shown = name or str(file)
    return parse(read_text(file, shown), shown)


def parse(text: str, name: str) -> Document:
    """Read `text` as the file `name`.  Raises :class:`ConfigError` as :func:`read` does."""
    check_characters(text, name)
    reader = _Reader(text, name)
    try:
        data = reader.document()
    except yaml.YAMLError as error:
        line, column, message = syntax_message(error, text)
        raise ConfigError([*reader.problems, Problem(name, line, column, "", message)]) from error
    except (ValueError, OverflowError) as error:
        # PyYAML hands numbers in escapes and directives to chr() and int() unchecked.
        place = reader.place_reached()
        problem = Problem(*place, "", "is not YAML: a number here is out of range")
        raise ConfigError([*reader.problems, problem]) from error
    except _TooMuchError as error:
        raise ConfigError(reader.problems) from error
    return Document(data, reader.positions, tuple(reader.problems), frozenset(reader.faulty))


class _TooMuchError(Exception):
    """The file is past a bound: reading stops, and the problem has been noted."""


class _Anchor(NamedTuple):
    path: Path
    data: Any
    inside: tuple[Path, ...]
    """The paths of all values inside, in the order of the file."""


class _Reader:
    """One pass over the parser's events.

    The parser itself does not recurse, so the depth is checked here before any of it is used.
    """

    def __init__(self, text: str, name: str) -> None:
        self.name = name
        self.problems: list[Problem] = []
        self.faulty: set[Path] = set()
        self.positions: dict[Path, Spot] = {}
        self._parser = yaml.SafeLoader(text)
        self._events = self._parsed()
        self._anchors: dict[str, _Anchor | None] = {}
        self._skipped_anchors: set[str] = set()
        self._paths: list[Path] = []

    def place_reached(self) -> Place:
        """How far the parser has read."""
        mark = self._parser.get_mark()
        return Place(self.name, mark.line + 1, mark.column + 1)

    def _parsed(self) -> Iterator[Event]:
        while self._parser.check_event():
            yield self._parser.get_event()

    def document(self) -> Any:
        """Everything the file holds.  Raises what the parser raises, and :class:`_TooMuchError`."""
        next(self._events)
        if not isinstance(next(self._events), DocumentStartEvent):
            raise ConfigError([Problem(self.name, 0, 0, "", "the file is empty")])
        data = self._node(next(self._events), (), None)
        next(self._events)
        after = next(self._events)
        if isinstance(after, DocumentStartEvent):
            self._fault((), self._place(after), "a second document begins here; a file holds one")
        return data

    def _node(self, event: Event, path: Path, key: Place | None) -> Any:
        place = self._place(event)
        self._note(path, Spot(key or place, place))
        if isinstance(event, AliasEvent):
            return self._alias(event, path, place)
        event = cast(ScalarEvent | CollectionStartEvent, event)
        before = len(self._paths)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        data = self._content(event, path, place)
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchor(path, data, tuple(self._paths[before:]))
        return data

    def _content(self, event: ScalarEvent | CollectionStartEvent, path: Path, place: Place) -> Any:
        if isinstance(event, ScalarEvent):
            return self._scalar(event, path, place)
        kind = "seq" if isinstance(event, SequenceStartEvent) else "map"
        if event.tag not in (None, "!", _CORE + kind):
            self._fault(path, place, _unknown_tag(event.tag))
        return self._sequence(path) if kind == "seq" else self._mapping(path)

    def _sequence(self, path: Path) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := next(self._events), SequenceEndEvent):
            items.append(self._node(event, (*path, len(items)), None))
        return items

    def _mapping(self, path: Path) -> dict[str, Any]:
        entries: dict[str, Any] = {}
        while not isinstance(event := next(self._events), MappingEndEvent):
            place = self._place(event)
            key = self._key(event, path, place)
            if key is not None and key in entries:
                first = self.positions[(*path, key)].key
                self._fault((*path, key), place, f"this key stands already at {first}")
                key = None
            if key is None:
                self._skip(next(self._events))
            else:
                entries[key] = self._node(next(self._events), (*path, key), place)
        return entries

    def _key(self, event: Event, path: Path, place: Place) -> str | None:
        """The key that `event` begins, or ``None`` if it cannot be one and the fault is noted."""
        if not isinstance(event, ScalarEvent):
            self._skip(event)
            kind = "an alias" if isinstance(event, AliasEvent) else "a list or mapping"
            self._fault(path, place, f"a key must be text, not {kind}")
            return None
        plain = event.style is None and event.tag is None
        if plain and event.value == "<<":
            text = "merge keys are not accepted; settings that services share stand under defaults"
            self._fault(path, place, text)
            return None
        if event.anchor is not None:
            self._fault(path, place, f"the anchor &{event.anchor} is on a key; only values carry one")
            self._skipped_anchors.add(event.anchor)
            return None
        return self._text_key(event, plain, path, place)

    def _text_key(self, event: ScalarEvent, plain: bool, path: Path, place: Place) -> str | None:
        if event.tag not in (None, "!", _CORE + "str"):
            self._fault(path, place, _unknown_tag(event.tag or ""))
            return None
        if _SURROGATE.search(event.value):
            self._fault(path, place, "half of a surrogate pair, which is no character")
            return None
        try:
            is_text = not plain or isinstance(yaml_scalars.resolve(event.value), str)
        except yaml_scalars.ScalarError:
            is_text = False
        if is_text:
            return str(event.value)
        shown = event.value or "nothing"
        hint = f'; for text write "{event.value}"' if event.value else ""
        self._fault(path, place, f"a key must be text, and {shown} is not{hint}")
        return None

    def _skip(self, event: Event) -> None:
        """Pass over a value that has no place in the result."""
        depth = 0
        while True:
            if isinstance(event, CollectionStartEvent):
                depth += 1
            elif isinstance(event, CollectionEndEvent):
                depth -= 1
            anchor = getattr(event, "anchor", None)
            if anchor is not None and not isinstance(event, AliasEvent):
                self._skipped_anchors.add(anchor)
            if depth > MAX_DEPTH:
                self._too_deep((), self._place(event))
            if depth == 0:
                return
            event = next(self._events)

    def _alias(self, event: AliasEvent, path: Path, place: Place) -> Any:
        name = cast(str, event.anchor)
        anchor = self._anchors.get(name)
        if anchor is None:
            if name in self._anchors:
                self._fault(path, place, f"*{name} stands inside the value it repeats")
            elif name not in self._skipped_anchors:
                self._fault(path, place, f"no anchor &{name} stands before this alias")
            self.faulty.add(path)
            return None
        for inner in anchor.inside:
            self._note((*path, *inner[len(anchor.path) :]), self.positions[inner])
        if anchor.path in self.faulty:
            self.faulty.add(path)
        return anchor.data

    def _scalar(self, event: ScalarEvent, path: Path, place: Place) -> yaml_scalars.Scalar:
        text: str = event.value
        if _SURROGATE.search(text):
            self._fault(path, place, "half of a surrogate pair, which is no character")
            return ""
        kind = (event.tag or "").removeprefix(_CORE)
        if kind in ("!", "str") or (not kind and event.style is not None):
            return text
        if kind not in ("", "int", "float", "bool", "null"):
            self._fault(path, place, _unknown_tag(kind))
            return text
        try:
            value = yaml_scalars.resolve(text)
        except yaml_scalars.ScalarError as error:
            self._fault(path, place, str(error))
            return text
        if kind and kind != _core_kind(value):
            self._fault(path, place, f"{quoted(text)} is not what the tag !!{kind} says")
        return value

    def _note(self, path: Path, spot: Spot) -> None:
        self.positions[path] = spot
        self._paths.append(path)
        if len(path) > MAX_DEPTH:
            self._too_deep(path, spot.value)
        if len(self._paths) > MAX_VALUES:
            text = f"more than {MAX_VALUES} values, counting what aliases repeat"
            self._fault(path, spot.value, text)
            raise _TooMuchError

    def _too_deep(self, path: Path, place: Place) -> None:
        shown = path_text(path[:3]) + ("…" if path else "")
        message = f"mappings and lists are nested deeper than {MAX_DEPTH} levels"
        self.problems.append(Problem(*place, shown, message))
        raise _TooMuchError

    def _place(self, event: Event) -> Place:
        mark = cast(yaml.Mark, event.start_mark)
        return Place(self.name, mark.line + 1, mark.column + 1)

    def _fault(self, path: Path, place: Place, message: str) -> None:
        self.faulty.add(path)
        self.problems.append(Problem(*place, path_text(path), message))


def _unknown_tag(tag: str) -> str:
    shown = tag.replace(_CORE, "!!")
    return f"the tag {shown} is not accepted: a value is text, number, true, false, list or mapping"


def _core_kind(value: yaml_scalars.Scalar) -> str:
    return "null" if value is None else type(value).__name__
