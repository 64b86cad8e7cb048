"""Which kind of source a file is, by its content and its name."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Final, Literal, TypeAlias

Kind: TypeAlias = Literal["xinetd", "inetd", "systemd", "websocketd"]

KINDS: Final[tuple[Kind, ...]] = ("xinetd", "inetd", "systemd", "websocketd")

_WEBSOCKETD: Final = re.compile(r"^[^#\n]*(^|[\s/=\"'@:+-])websocketd(\s|\"|'|$)", re.MULTILINE)
_XINETD: Final = re.compile(
    r"^[ \t]*((service|include|includedir)[ \t]+\S+[ \t\r]*|defaults[ \t\r]*)$", re.MULTILINE
)
_SYSTEMD: Final = re.compile(r"^\[(Socket|Service)\][ \t\r]*$", re.MULTILINE)
_INETD: Final = re.compile(
    r"^(#+[ \t]*<off>#?[ \t]*)?[^#\s]\S*[ \t]+(stream|dgram|raw|rdm|seqpacket)[ \t]+\S+[ \t]+(no)?wait",
    re.MULTILINE,
)
_NAMES: Final[dict[str, Kind]] = {"inetd.conf": "inetd", "xinetd.conf": "xinetd"}


def kind_of(file: str, text: str) -> Kind | None:
    """What the `text` of `file` is; ``None`` if it is nothing known."""
    name = PurePath(file).name
    if _SYSTEMD.search(text):
        # A service that no socket starts, but that runs websocketd, is about that.
        runs = _WEBSOCKETD.search(text) is not None and "[Socket]" not in text
        return "websocketd" if runs else "systemd"
    if name.endswith((".socket", ".service")):
        return "systemd"
    if _XINETD.search(text):
        return "xinetd"
    if _INETD.search(text):
        return "inetd"
    if _WEBSOCKETD.search(text):
        return "websocketd"
    return _NAMES.get(name)
