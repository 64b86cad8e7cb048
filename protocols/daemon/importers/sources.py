"""Files of any kind, imported together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from protocols.daemon.importers.clashes import hold_back_rivals
from protocols.daemon.importers.imported import Import
from protocols.daemon.importers.inetd.mapping import import_inetd
from protocols.daemon.importers.place import Fault, Place, SourceError
from protocols.daemon.importers.privacy import PRIVATE, private_files
from protocols.daemon.importers.program import program_remarks
from protocols.daemon.importers.recognition import KINDS, Kind, kind_of
from protocols.daemon.importers.source_text import read_source
from protocols.daemon.importers.systemd.mapping import import_systemd
from protocols.daemon.importers.websocketd.mapping import import_command, import_websocketd
from protocols.daemon.importers.xinetd.mapping import import_xinetd


def import_files(files: Sequence[Path], kind: Kind | None = None) -> Import:
    """All services of `files`, each of which is what its content says, or of `kind`.

    Raises :class:`SourceError` with everything that is wrong in any of them.
    """
    texts: dict[Kind, dict[str, str]] = {each: {} for each in KINDS}
    faults: list[Fault] = []
    for file in dict.fromkeys(files):
        try:
            text = read_source(file)
        except SourceError as error:
            faults += error.faults
            continue
        found = kind or kind_of(str(file), text)
        if found is None:
            known = ", ".join(KINDS)
            faults.append(Fault(Place(str(file)), f"is of no kind that is known; say which: --from {known}"))
        else:
            texts[found][str(file)] = text
    whole = _import(texts, faults)
    if faults:
        raise SourceError(faults)
    return _finished(whole)


def import_words(words: Sequence[str]) -> Import:
    """The service of a command line of websocketd, of which `words` stand behind its name.

    Raises :class:`SourceError`.
    """
    return _finished(import_command(words))


def _finished(found: Import) -> Import:
    """`found`, with what only all services together show."""
    hold_back_rivals(found.services)
    found.remarks += program_remarks(found.services)
    private = private_files(found)
    if private:
        found.remarks.append(PRIVATE.format(files=", ".join(private)))
    return found


def _import(texts: Mapping[Kind, Mapping[str, str]], faults: list[Fault]) -> Import:
    whole = Import()
    steps = [
        *([lambda: import_xinetd(texts["xinetd"])] if texts["xinetd"] else []),
        *((lambda file=file, text=text: import_inetd(file, text)) for file, text in texts["inetd"].items()),
        *([lambda: import_systemd(texts["systemd"])] if texts["systemd"] else []),
        *(
            (lambda file=file, text=text: import_websocketd(file, text))
            for file, text in texts["websocketd"].items()
        ),
    ]
    for step in steps:
        try:
            whole.add(step())
        except SourceError as error:
            faults += error.faults
    return whole
