"""What is run for a client."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath

from protocols.handlers.program.command import Command, clean_environment
from protocols.handlers.program.ucspi import told_of
from protocols.session import Peer


@dataclass(frozen=True, slots=True)
class Invocation:
    """The program of a service.

    :param arguments: the program and its arguments.
    :param environment: variables of the operator's, which no client changes.
    """

    service: str
    arguments: tuple[str, ...]
    folder: str
    environment: Mapping[str, str]

    @property
    def label(self) -> str:
        """What it is called in the log."""
        return PurePath(self.arguments[0]).name

    def command(self, peer: Peer, local: tuple[str, int]) -> Command:
        """It, for the client `peer`, which came to `local`."""
        told = told_of(peer, local, self.service)
        return Command(self.arguments, self.folder, clean_environment({**told, **self.environment}))

    def alone(self) -> Command:
        """It, for no client in particular."""
        told = {"POLYPORT_SERVICE": self.service}
        return Command(self.arguments, self.folder, clean_environment({**told, **self.environment}))
