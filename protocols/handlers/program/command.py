"""What to run."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where programs find other programs, unless their environment says otherwise."""

Environment = dict[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Command:
    """A program, its arguments, and where it runs."""

    arguments: tuple[str, ...]
    """The program, a path or a name that its PATH knows, and its arguments; no shell reads them."""
    folder: str
    """Its current folder."""
    environment: Environment
    """The whole of its environment."""


def clean_environment(named: Mapping[str, str]) -> Environment:
    """PATH and what is `named`; nothing of the daemon's own, which may hold secrets."""
    return {os.fsencode(name): os.fsencode(value) for name, value in {"PATH": PATH, **named}.items()}
