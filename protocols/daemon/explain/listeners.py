"""Which service listens where."""

from __future__ import annotations

from dataclasses import dataclass

from protocols.daemon.checks.addresses import overlap, place_of
from protocols.daemon.loader import Loaded
from protocols.daemon.overview import shown_address
from protocols.daemon.problems import known_help
from protocols.daemon.redaction import SECRET
from protocols.daemon.spec.address import Address


@dataclass(frozen=True, slots=True)
class Listener:
    """One address of one enabled service."""

    service: str
    index: int
    address: Address


class UnknownAddressError(Exception):
    """Nobody listens there; the text says where somebody does."""


def listeners(loaded: Loaded) -> list[Listener]:
    """Every address that is listened on."""
    return [
        Listener(name, index, address)
        for name, service in loaded.config.services.items()
        if service.enabled
        for index, address in enumerate(service.listen)
    ]


def listener_at(address: Address, loaded: Loaded) -> Listener:
    """Who listens on `address`; one that listens on every interface listens on each.

    Raises :class:`UnknownAddressError`.
    """
    address = address.within(loaded.origin.folder)
    known = listeners(loaded)
    for exactly in (True, False):
        for listener in known:
            if listener.address == address if exactly else _answers(listener.address, address):
                return listener
    origin = loaded.origin
    shown = (shown_address(one.service, one.index, one.address, origin) for one in known)
    there = [one for one in shown if one != SECRET]
    raise UnknownAddressError(
        f"nothing listens on {address}{known_help(str(address), there, 'known addresses')}"
    )


def _answers(listening: Address, asked: Address) -> bool:
    place = place_of(asked)
    same = listening.scheme == asked.scheme and place is not None and place == place_of(listening)
    return same and overlap(listening, asked)
