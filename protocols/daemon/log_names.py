"""What the log's levels and forms are called, for who only names them: :mod:`protocols.daemon.log` takes
long to import."""

from typing import Final

LEVELS: Final = ("debug", "info", "warn", "error", "critical")
"""From the least."""

FORMS: Final = ("text", "json", "journald")
