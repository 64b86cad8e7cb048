"""A YAML file as the daemon would read it, for commands that start nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from protocols.daemon.loader import Loaded

if TYPE_CHECKING:
    from protocols.daemon.carriers import Carriers


def load_whole(file: Path) -> Loaded:
    """The configuration in `file`, of which every part has been made once, and ended.

    Raises :class:`~protocols.daemon.problems.ConfigError` with everything that a daemon would refuse.
    """
    with assembled(file) as (loaded, _):
        return loaded


@contextmanager
def assembled(file: Path) -> Iterator[tuple[Loaded, Mapping[str, Carriers]]]:
    """The configuration in `file`, and what would serve it; that is ended afterwards.

    Raises :class:`~protocols.daemon.problems.ConfigError` with everything that a daemon would refuse.
    """
    if "twisted.internet.reactor" not in sys.modules:
        # The one that the daemon would have: not everything runs in any.
        from protocols.reactor import install

        install()
    from twisted.internet import reactor

    from protocols.daemon.assembly import Setting, assemble, discard
    from protocols.daemon.importing import importer
    from protocols.daemon.loader import load

    loaded = load(file, importer(file.parent))
    carriers = assemble(loaded, Setting(reactor))
    try:
        yield loaded, carriers
    finally:
        discard(carriers)
