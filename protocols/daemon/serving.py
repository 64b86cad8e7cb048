"""What serves a configuration: this process, or others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from twisted.internet.defer import Deferred

from protocols.daemon.fairness import Reputation
from protocols.daemon.loader import Loaded
from protocols.daemon.port_service import PortService
from protocols.daemon.reload.comparison import Shape
from protocols.daemon.reload.reader import Novelty
from protocols.daemon.socket_table import Binding


class Serving(Protocol):
    """A Twisted service, too."""

    loaded: Loaded
    """The configuration that is served."""
    shapes: Mapping[str, Shape]
    """Its services, by name, without those that were drained."""
    units: dict[str, PortService]
    """Those that this process serves itself."""
    retiring: list[PortService]
    """What a reload has replaced or removed here, and still has connections."""
    when_running: Callable[[], None]
    """Called once every service is served."""
    when_failed: Callable[[], None]
    """Called if they cannot be."""

    @property
    def reputation(self) -> Reputation:
        """What is known of those who come."""

    def begin(self, novelty: Novelty, binding: Binding) -> None:
        """Serve `novelty`, the first configuration, on what was bound for it, once started."""

    def prepare(self, novelty: Novelty) -> Deferred[Any]:
        """Have everything ready that `novelty` needs.

        Fails with :class:`~protocols.daemon.daemon.StartError`, whose arguments are a sentence each; then
        nothing of it is kept.
        """

    def change(self, novelty: Novelty, binding: Binding) -> Deferred[Any]:
        """Serve what `novelty` says from now on; fires when everybody does who serves."""

    def drain(self, name: str) -> Deferred[None]:
        """Serve `name` no more, until it is reloaded; fires when its last connection is gone."""

    def retire_all(self) -> Deferred[Any]:
        """Leave the sockets to another process; fires when the last connection is gone."""

    def abort(self) -> None:
        """Close every connection now."""

    def rotate(self) -> object:
        """Begin every log of every service anew."""

    def setServiceParent(self, service: Any) -> None:  # noqa: N802 - Twisted's name
        """As :class:`~twisted.application.service.IService`."""
