"""A YAML file as the daemon would read it, for commands that start nothing."""

from __future__ import annotations

import sys
from pathlib import Path

from protocols.daemon.loader import Loaded


def load_whole(file: Path) -> Loaded:
    """The configuration in `file`, of which every part has been made once, and ended.

    Raises :class:`~protocols.daemon.problems.ConfigError` with everything that a daemon would refuse.
    """
    if "twisted.internet.reactor" not in sys.modules:
        # The one that the daemon would have: not everything runs in any.
        from protocols.reactor import install

        install()
    from twisted.internet import reactor

    from protocols.daemon.assembly import assemble
    from protocols.daemon.importing import importer
    from protocols.daemon.loader import load

    loaded = load(file, importer(file.parent))
    for made in assemble(loaded, reactor).values():
        for stop in made.stops:
            stop()
    return loaded
