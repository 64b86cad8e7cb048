"""Numbers, sizes and times of sources, in the words of the YAML."""

from __future__ import annotations

import re

from protocols.daemon.importers.place import ValueFault

MAX_NUMBER = 10**9
"""Nothing that is counted here is more; larger numbers are slips of the pen."""


def number(text: str, least: int = 0, most: int = MAX_NUMBER) -> int:
    """`text` as a number from `least` to `most`.  Raises :class:`ValueFault`."""
    if re.fullmatch(r"[-+]?[0-9]{1,18}", text) is None or not least <= int(text) <= most:
        raise ValueFault(f"a number from {least} to {most} is expected, not {text[:40]!r}")
    return int(text)


def seconds(value: float) -> str:
    """A duration for the YAML: ``90s``, ``1500ms``."""
    milliseconds = round(value * 1000)
    return f"{milliseconds // 1000}s" if milliseconds % 1000 == 0 else f"{milliseconds}ms"


def size(count: int) -> str | int:
    """Bytes for the YAML: ``64KiB`` where it comes out even."""
    for unit, factor in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if count and count % factor == 0:
            return f"{count // factor}{unit}"
    return count


def umask(text: str) -> str:
    """Octal digits for the YAML.  Raises :class:`ValueFault`."""
    if re.fullmatch("0*[0-7]{1,3}", text) is None:
        raise ValueFault(f"octal digits such as 022 are expected, not {text[:40]!r}")
    return text.lstrip("0").rjust(3, "0")
