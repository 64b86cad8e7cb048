"""From the specification of a store to the store."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from protocols.channels.memory import MemoryLog, MemoryStore
from protocols.channels.settings import Settings
from protocols.channels.store import Store
from protocols.daemon.channels.places import sqlite_file
from protocols.daemon.spec.channel import ChannelSpec
from protocols.daemon.spec.channel_store import SQLiteSpec


@dataclass(slots=True)
class Stores:
    """Makes stores, and has what several of them share: over reloads too."""

    logs: dict[str, MemoryLog] = field(default_factory=dict)
    """Messages in memory, by the name of their channel."""

    def store_for(
        self, name: str, spec: ChannelSpec, settings: Settings, folder: Path, reactor: Any
    ) -> Store:
        """The store of the channel `name`, which opens nothing yet.

        :param folder: of the YAML file.

        Raises :class:`OSError` and :class:`ValueError` for files that cannot be read, or hold something else.
        """
        store = spec.store
        if store.memory is not None:
            return MemoryStore(self.logs.setdefault(name, MemoryLog()), octets=settings.octets)
        if store.nats is not None:
            raise ValueError("not yet")
        assert store.sqlite is not None
        return _sqlite(sqlite_file(name, store.sqlite, folder), store.sqlite, settings, reactor)

    def forget(self, name: str) -> None:
        """The channel `name` is no more, or is kept elsewhere."""
        self.logs.pop(name, None)


def _sqlite(file: Path, spec: SQLiteSpec, settings: Settings, reactor: Any) -> Store:
    # Here, because a daemon without such a channel has no use for it.
    try:
        module = import_module("protocols.channels.sqlite")
    except ModuleNotFoundError as error:
        raise ValueError(str(error)) from error
    store: Store = module.SQLiteStore(
        file,
        sync=spec.sync,
        interval=float(spec.interval),
        pending=settings.pending,
        stalled=settings.stalled,
        reactor=reactor,
    )
    return store
