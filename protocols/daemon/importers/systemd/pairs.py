"""Which socket belongs to which service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Final

from protocols.daemon.importers.imported import NotCarriedOver
from protocols.daemon.importers.place import Fault, SourceError
from protocols.daemon.importers.source_text import read_source
from protocols.daemon.importers.systemd.unit import Unit, parse

UNIT_FOLDERS: Final = (
    *("/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system"),
    *("/usr/lib/systemd/system", "/lib/systemd/system"),
)
"""Where systemd looks for units, the first first."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A socket and the service that it starts."""

    socket: Unit
    service: Unit


def is_inetd_like(socket: Unit) -> bool:
    """Whether each connection has a process of its own (``Accept=yes``).  Raises :class:`SourceError`."""
    streams = socket.all("Socket", "ListenStream")
    return socket.flag("Socket", "Accept") and bool(streams)


def pairs_of(texts: Mapping[str, str], missed: list[NotCarriedOver]) -> list[Pair]:
    """The pairs of the units in `texts`, by file; the other half is looked for where the first one lies, and
    among the others.  Drop-ins, which are not read, are noted in `missed`.

    Raises :class:`SourceError`.
    """
    units = _Units(texts)
    pairs: list[Pair] = []
    for file in texts:
        unit = units.of(file)
        if file.endswith(".socket") or any(line.section == "Socket" for line in unit.assignments):
            pairs.append(Pair(unit, units.find(file, _service_name(unit), unit)))
        elif not any(pair.service.file == file for pair in pairs):
            socket_file = units.path(file, f"{unit.stem}.socket")
            if socket_file is None:
                text = f"no socket starts it: there is no {unit.stem}.socket beside it; name that file too"
                raise SourceError([Fault(unit.place, text)])
            if socket_file not in texts:
                socket = units.of(socket_file)
                pairs.append(Pair(socket, units.find(file, _service_name(socket), socket)))
    for pair in pairs:
        for unit in (pair.socket, pair.service):
            folder = Path(f"{unit.file}.d")
            if folder.is_dir():
                text = "drop-ins are not read; `systemctl cat` shows what they change"
                missed.append(NotCarriedOver(unit.place, str(folder), text))
    return pairs


def _service_name(socket: Unit) -> str:
    given = socket.text("Socket", "Service")
    return given or f"{socket.stem}{'@' if is_inetd_like(socket) else ''}.service"


class _Units:
    """Units by file, each read once."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = dict(texts)
        self._units: dict[str, Unit] = {}

    def of(self, file: str) -> Unit:
        """The unit in `file`.  Raises :class:`SourceError`."""
        if file not in self._units:
            text = self._texts[file] if file in self._texts else read_source(Path(file))
            self._units[file] = parse(text, PurePath(file).name, file)
        return self._units[file]

    def find(self, file: str, name: str, wanting: Unit) -> Unit:
        """The unit `name`, which `wanting` in `file` wants.  Raises :class:`SourceError`."""
        found = self.path(file, name)
        if found is None:
            text = f"there is no {name} beside it, which it starts; name that file too"
            raise SourceError([Fault(wanting.place, text)])
        return self.of(found)

    def path(self, file: str, name: str) -> str | None:
        """The file of the unit `name`, as it is wanted in `file`."""
        for given in self._texts:
            if PurePath(given).name == name:
                return given
        places = (str(PurePath(folder) / name) for folder in self._folders(file))
        return next((place for place in places if Path(place).is_file()), None)

    def _folders(self, file: str) -> Iterator[str]:
        own = str(PurePath(file).parent)
        yield own
        if own in UNIT_FOLDERS:
            yield from UNIT_FOLDERS
