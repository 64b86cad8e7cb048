"""From the specification of a store to the store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias
from weakref import WeakValueDictionary

from protocols.channels.memory import MemoryLog, MemoryStore
from protocols.channels.settings import Settings
from protocols.channels.store import Store
from protocols.daemon.channels.places import nats_stream, sqlite_file
from protocols.daemon.channels.print import digests_of
from protocols.daemon.spec.channel import ChannelSpec
from protocols.daemon.spec.channel_store import NATSSpec, SQLiteSpec

if TYPE_CHECKING:
    from protocols.channels.nats import NATSConnection, NATSSettings

Place: TypeAlias = "tuple[NATSSettings, tuple[tuple[Path, str], ...]]"
"""Where NATS is and who we are there, and the digests of the files that say so."""


class Stores:
    """Makes stores, and has what several of them share, over reloads too."""

    def __init__(self) -> None:
        self._logs: dict[str, MemoryLog] = {}
        # Each for as long as a store has it: their settings hold passwords.
        self._connections: WeakValueDictionary[Place, NATSConnection] = WeakValueDictionary()

    def store_for(
        self, name: str, spec: ChannelSpec, settings: Settings, folder: Path, reactor: Any
    ) -> Store:
        """The store of the channel `name`, which opens nothing yet.

        :param folder: of the YAML file.

        Raises :class:`RuntimeError` where it cannot work.
        """
        store = spec.store
        if store.memory is not None:
            return MemoryStore(self._logs.setdefault(name, MemoryLog()), octets=settings.octets)
        if store.nats is not None:
            return self._nats(nats_stream(name, store.nats), store.nats, settings, reactor)
        assert store.sqlite is not None
        return _sqlite(sqlite_file(name, store.sqlite, folder), store.sqlite, settings, reactor)

    def forget(self, name: str) -> None:
        """What the memory holds of the channel `name` is of no use any more."""
        self._logs.pop(name, None)

    def _nats(self, stream: str, spec: NATSSpec, settings: Settings, reactor: Any) -> Store:
        # Here, because a daemon without such a channel has no use for it, nor the package that it needs.
        from protocols.channels.nats import NATSConnection, NATSSettings, NATSStore

        server = NATSSettings(
            spec.servers,
            credentials=spec.credentials,
            user=spec.user or "",
            password=spec.password or "",
            token=spec.token or "",
            ca=spec.tls.ca,
            certificate=spec.tls.certificate,
            key=spec.tls.key,
        )
        files = (server.credentials, server.ca, server.certificate, server.key)
        place = server, digests_of(files)
        connection = self._connections.get(place)
        if connection is None:
            connection = self._connections[place] = NATSConnection(server, reactor)
        return NATSStore(
            connection,
            stream,
            replicas=spec.replicas,
            pending=settings.pending,
            stalled=settings.stalled,
            keep=settings.keep,
            octets=settings.octets,
            reactor=reactor,
        )


def _sqlite(file: Path, spec: SQLiteSpec, settings: Settings, reactor: Any) -> Store:
    # Here, for the same reason.
    from protocols.channels.sqlite import SQLiteStore

    return SQLiteStore(
        file,
        sync=spec.sync,
        interval=float(spec.interval),
        pending=settings.pending,
        stalled=settings.stalled,
        reactor=reactor,
    )
