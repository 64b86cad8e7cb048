"""Files and folders that services read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path as FilePath

from protocols.daemon.checks.parts import Parts
from protocols.daemon.origin import Origin
from protocols.daemon.problems import Path, Problem


def check(parts: Parts) -> Iterator[Problem]:
    """What enabled services read and is not there: ``files``, ``ca`` of a ``proxy``, quotes of ``qotd``."""
    for path, service in parts.enabled():
        for place, route in service.routes:
            if route.files is not None:
                yield from _folder((*path, *place, "files", "folder"), route.files.folder, parts.origin)
            if route.proxy is not None and route.proxy.ca is not None:
                yield from _file((*path, *place, "proxy", "ca"), route.proxy.ca, parts.origin)
        quotes = service.builtin.qotd if service.builtin else None
        if quotes is not None and quotes.file is not None:
            yield from _file((*path, "builtin", "qotd", "file"), quotes.file, parts.origin)


def _folder(path: Path, folder: FilePath, origin: Origin) -> Iterator[Problem]:
    shown = origin.shown(folder)
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "does not exist"
        yield origin.problem(path, f"the folder {shown} {what}")
    elif not os.access(folder, os.R_OK | os.X_OK):
        yield origin.problem(path, f"the folder {shown} cannot be read")


def _file(path: Path, file: FilePath, origin: Origin) -> Iterator[Problem]:
    shown = origin.shown(file)
    if not file.is_file():
        what = "is not a file" if file.exists() else "does not exist"
        yield origin.problem(path, f"the file {shown} {what}")
    elif not os.access(file, os.R_OK):
        yield origin.problem(path, f"the file {shown} cannot be read")
