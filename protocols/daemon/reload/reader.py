"""One YAML file, read again and again: what is new in it is made, and serves nothing yet."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread

from protocols.daemon.assembly import Setting, assemble, discard
from protocols.daemon.carriers import Carriers
from protocols.daemon.channels.registry import Proposal
from protocols.daemon.loader import Draft, Loaded, read
from protocols.daemon.reload.aside import Aside
from protocols.daemon.reload.comparison import Shape, Step, compare
from protocols.daemon.reload.fingerprint import fingerprint
from protocols.daemon.reload.user_code import Seen, UserCode

POLITE: Final = 0.0001
"""Seconds after which a thread that reads lets the reactor go on, a fiftieth of what is usual: who is served
meanwhile should not notice."""


@dataclass(slots=True)
class Novelty:
    """A configuration, and what of it has been made anew.  It is taken or discarded, once."""

    loaded: Loaded
    shapes: Mapping[str, Shape]
    """Every enabled service."""
    steps: list[Step]
    """What differs from what is served."""
    carriers: Mapping[str, Carriers]
    """What serves those that were added or changed."""
    channels: Proposal
    """The channels that these use, and all others."""
    code: Aside

    def take(self) -> None:
        """It is served from now on, and so the new modules stay."""
        self.code.commit()
        self.channels.take()

    def discard(self) -> None:
        """It is not."""
        discard(self.carriers)
        self.channels.discard()
        self.code.roll_back()


class Reader:
    """Reads `file`, and makes what it says in `setting`.

    .. attribute:: texts

       What to take for the contents of the file, and of those that it includes; ``None``: what they are.
    """

    def __init__(self, file: Path, setting: Setting) -> None:
        self.file = file
        self.setting = setting
        self.texts: Mapping[str, str] | None = None
        self.code = UserCode(file.parent)

    def first(self) -> Novelty:
        """The configuration as it is, with everything made.

        Raises :class:`~protocols.daemon.problems.ConfigError`.
        """
        return self._made(read(self.file, given=self.texts), {})

    def again(self, served: Mapping[str, Shape]) -> Deferred[Novelty]:
        """The configuration as it is by now, and what differs from `served`.

        Fails with :class:`~protocols.daemon.problems.ConfigError`; whatever it fails with, nothing is left of
        it.  Most of the work is a thread's; modules are imported, and parts made, in the reactor's.
        """
        reading: Deferred[Draft] = deferToThread(_read_politely, self.file, self.texts)
        return reading.addCallback(self._made, served)

    def _made(self, draft: Draft, served: Mapping[str, Shape]) -> Novelty:
        code = self.code.aside()
        channels: Proposal | None = None
        try:
            loaded = draft.resolved(code.resolve)
            seen: Seen = {}
            channels = self.setting.channels.proposed(
                loaded, self.setting.reactor, lambda references: self.code.digests(references, seen)
            )
            shapes = {
                name: Shape(spec.listen, fingerprint(loaded, name, self.code, seen).elsewhere)
                for name, spec in loaded.config.services.items()
                if spec.enabled
            }
            steps = compare(served, shapes)
            names = {step.service for step in steps if step.deed in ("added", "changed")}
            carriers = assemble(loaded, self.setting, names, channels)
        except BaseException:
            if channels is not None:
                channels.discard()
            code.roll_back()
            raise
        return Novelty(loaded, shapes, steps, carriers, channels, code)


def _read_politely(file: Path, texts: Mapping[str, str] | None) -> Draft:
    with _politely():
        return read(file, given=texts)


@contextmanager
def _politely() -> Iterator[None]:
    usual = sys.getswitchinterval()
    sys.setswitchinterval(POLITE)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)
