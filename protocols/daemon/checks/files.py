"""Files and folders that services read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path as FilePath

from protocols.daemon.checks.parts import Parts, builtins
from protocols.daemon.origin import Origin
from protocols.daemon.problems import Path, Problem


def check(parts: Parts) -> Iterator[Problem]:
    """Folders of ``files`` and quotes of ``qotd`` that are not there, of enabled services."""
    for path, service in parts.enabled():
        for place, route in service.routes:
            if route.files is not None:
                yield from _folder((*path, *place, "files", "folder"), route.files.folder, parts.origin)
        for place, builtin in builtins(path, service):
            if builtin.qotd is not None and builtin.qotd.file is not None:
                yield from _file((*place, "qotd", "file"), builtin.qotd.file, parts.origin)


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
