"""What a channel is made of, as a value: where two are equal, the channel need not be touched."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from protocols.daemon.channels.places import dead_names, sqlite_file
from protocols.daemon.reload.source import digest
from protocols.daemon.spec.channel import ChannelSpec

Digests: TypeAlias = Callable[[list[str]], Mapping[str, str]]
"""The digests of the user's modules that references reach."""


@dataclass(frozen=True, slots=True)
class ChannelPrint:
    """Everything that makes a channel what it is; to whom it is forwarded does not."""

    name: str
    spec: ChannelSpec
    """Without its forwards."""
    file: Path | None
    """Where its messages are, of a file."""
    files: tuple[tuple[Path, str], ...]
    """The digest of each file that is read as it is made."""
    modules: tuple[tuple[str, str], ...]
    """The digest of each module of the user that its schema reaches."""
    dead: tuple[ChannelPrint, ...]
    """The channels of its dead letters."""


def prints(
    channels: Mapping[str, ChannelSpec],
    folder: Path,
    digests: Digests,
    names: Iterable[str] | None = None,
) -> dict[str, ChannelPrint]:
    """That of each of `channels`, those for dead letters among them; these are never in a circle.  What
    others need comes first.

    :param folder: of the YAML file.
    :param names: only of these, and of what they need.
    """
    found: dict[str, ChannelPrint] = {}

    def add(name: str) -> ChannelPrint:
        if name not in found:
            spec = channels[name]
            dead = tuple(add(each) for each in dict.fromkeys(dead_names(name, spec)))
            modules = () if spec.schema is None else tuple(sorted(digests([spec.schema]).items()))
            found[name] = ChannelPrint(
                name,
                spec.model_copy(update={"forward": {}}),
                None if spec.store.sqlite is None else sqlite_file(name, spec.store.sqlite, folder),
                digests_of(_files(spec)),
                modules,
                dead,
            )
        return found[name]

    for name in channels if names is None else names:
        add(name)
    return found


def digests_of(files: Iterable[Path | None]) -> tuple[tuple[Path, str], ...]:
    """The digest of each of `files` that is one."""
    return tuple((file, _digest_of(file)) for file in files if file is not None)


def _files(spec: ChannelSpec) -> Iterator[Path | None]:
    nats = spec.store.nats
    if nats is not None:
        yield from (nats.credentials, nats.tls.ca, nats.tls.certificate, nats.tls.key)


def _digest_of(file: Path) -> str:
    try:
        return digest(file.read_bytes())
    except OSError:
        return ""
