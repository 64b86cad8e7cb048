"""Files and folders that services read."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path as FilePath

from protocols.daemon.checks.parts import Parts
from protocols.daemon.origin import Origin
from protocols.daemon.problems import Path, Problem
from protocols.daemon.spec.cgi import CgiSpec


def check(parts: Parts) -> Iterator[Problem]:
    """Folders of ``files`` and of ``cgi``, programs, and quotes of ``qotd`` that are not there, of enabled
    services."""
    for path, service in parts.enabled():
        for place, route in service.routes:
            if route.files is not None:
                yield from _folder((*path, *place, "files", "folder"), route.files.folder, parts.origin)
            if route.cgi is not None:
                yield from _cgi((*path, *place, "cgi"), route.cgi, parts.origin)
        quotes = service.builtin.qotd if service.builtin else None
        if quotes is not None and quotes.file is not None:
            yield from _file((*path, "builtin", "qotd", "file"), quotes.file, parts.origin)


def _cgi(path: Path, spec: CgiSpec, origin: Origin) -> Iterator[Problem]:
    for name, folder in (("folder", spec.folder), ("documents", spec.documents)):
        if folder is not None:
            yield from _folder((*path, name), folder, origin)
    if spec.program is not None:
        yield from _program((*path, "program"), spec.program[0], origin)
    for suffix, command in spec.interpreters.items():
        yield from _program((*path, "interpreters", suffix), command[0], origin)


def _program(path: Path, program: str, origin: Origin) -> Iterator[Problem]:
    if shutil.which(program) is None:
        shown = origin.shown(FilePath(program)) if "/" in program else program
        yield origin.problem(path, f"there is no program {shown} that can be run")


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
