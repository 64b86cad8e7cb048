"""Which channels there are, those that nobody has listed too, and where each is kept."""

from __future__ import annotations

import os
from collections.abc import Hashable, Iterator, Mapping
from pathlib import Path
from typing import Final

from protocols.daemon.spec.channel import ChannelSpec
from protocols.daemon.spec.channel_store import NATSSpec, SQLiteSpec, StoreSpec

FOLDER: Final = "channels"
"""Where files are that nobody has named, in the folder of the YAML file or in that of systemd."""


def dead_name(channel: str) -> str:
    """The channel for the dead letters of `channel`, unless another is said."""
    return f"{channel}-dead"


def all_channels(listed: Mapping[str, ChannelSpec]) -> dict[str, ChannelSpec]:
    """Those that are `listed` and enabled, and those for dead letters that need not be listed."""
    found = {name: spec for name, spec in listed.items() if spec.enabled}
    for name, spec in tuple(found.items()):
        if dead_name(name) in dead_names(name, spec) or forward_dead(name, spec) is not None:
            found.setdefault(dead_name(name), _dead(spec))
    return found


def dead_names(name: str, spec: ChannelSpec) -> Iterator[str]:
    """The channels that get what the groups of the channel `name` give up."""
    for group in spec.groups.values():
        yield group.dead or dead_name(name)


def forward_dead(name: str, spec: ChannelSpec) -> str | None:
    """The channel that gets what the forwards of the channel `name` give up, if they do."""
    return dead_name(name) if spec.forward else None


def _dead(spec: ChannelSpec) -> ChannelSpec:
    """The channel for the dead letters of one, beside that."""
    sqlite, nats = spec.store.sqlite, spec.store.nats
    store = spec.store
    if sqlite is not None and sqlite.file is not None:
        file = sqlite.file.with_stem(dead_name(sqlite.file.stem))
        store = StoreSpec(sqlite=sqlite.model_copy(update={"file": file}))
    if nats is not None and nats.stream is not None:
        store = StoreSpec(nats=nats.model_copy(update={"stream": dead_name(nats.stream)}))
    return ChannelSpec(store=store, message=spec.message, pending=spec.pending, groups={}, forward={})


def sqlite_file(name: str, spec: SQLiteSpec, folder: Path) -> Path:
    """The file of the channel `name`; `folder` is that of the YAML file."""
    if spec.file is not None:
        return spec.file
    # systemd gives several, with colons between, to a unit that asks for several.
    state = os.environ.get("STATE_DIRECTORY", "").partition(":")[0]
    return (Path(state) if state else folder) / FOLDER / f"{name}.sqlite"


def nats_stream(name: str, spec: NATSSpec) -> str:
    """The stream of the channel `name`."""
    return spec.stream or name


def place_of(name: str, spec: ChannelSpec, folder: Path) -> Hashable:
    """Where the messages of the channel `name` are: what no two channels may have in common, and what the
    same channel has after a reload if it goes on with the same messages."""
    store = spec.store
    if store.sqlite is not None:
        return "file", os.path.realpath(sqlite_file(name, store.sqlite, folder))
    if store.nats is not None:
        return "stream", frozenset(store.nats.servers), nats_stream(name, store.nats)
    return "memory", name
