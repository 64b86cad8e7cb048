"""Files and folders that services read."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path as FilePath

from protocols.daemon.checks.parts import Parts, builtins, forwards
from protocols.daemon.origin import Origin
from protocols.daemon.problems import Path, Problem
from protocols.daemon.secrets import exposed
from protocols.daemon.spec.cgi import CgiSpec
from protocols.daemon.spec.policy import AuthSpec
from protocols.daemon.spec.service import ServiceSpec
from protocols.daemon.spec.tls import CertificateSpec
from protocols.http.policy.credential_file import WIDE, read_text
from protocols.http.policy.passwords import parse_passwords
from protocols.http.policy.tokens import parse_tokens


def check(parts: Parts) -> Iterator[Problem]:
    """Folders of ``files`` and ``cgi``, programs, ``ca`` of a ``proxy``, ``tls`` of a ``forward``, quotes of
    ``qotd``, credentials of ``auth`` and places of ``log`` that are not there, or not what they should be, of
    enabled services."""
    for path, service in parts.enabled():
        for place, route in service.routes:
            if route.files is not None:
                yield from _folder((*path, *place, "files", "folder"), route.files.folder, parts.origin)
            if route.proxy is not None and route.proxy.ca is not None:
                yield from _file((*path, *place, "proxy", "ca"), route.proxy.ca, parts.origin)
            if route.cgi is not None:
                yield from _cgi((*path, *place, "cgi"), route.cgi, parts.origin)
            if route.auth is not None:
                yield from _credentials((*path, *place, "auth"), route.auth, parts.origin)
        if service.log is not None and service.log.file is not None:
            yield from _log((*path, "log", "file"), service.log.file, parts.origin)
        yield from _forwards(path, service, parts.origin)
        for place, builtin in builtins(path, service):
            if builtin.qotd is not None and builtin.qotd.file is not None:
                yield from _file((*place, "qotd", "file"), builtin.qotd.file, parts.origin)


def warnings(parts: Parts) -> Iterator[Problem]:
    """Private keys that others can read."""
    for path, file in _keys(parts):
        try:
            mode = file.stat().st_mode
        except OSError:
            continue  # gone since it was checked, which the start will tell
        if mode & WIDE:
            yield parts.origin.problem(path, exposed(parts.origin.shown(file), mode))


def _keys(parts: Parts) -> Iterator[tuple[Path, FilePath]]:
    for name, certificate in parts.certificates.items():
        yield ("certificates", name, "key"), certificate.key
    for path, tls in parts.tls():
        if isinstance(tls.certificate, CertificateSpec):
            yield (*path, "certificate", "key"), tls.certificate.key


def _forwards(path: Path, service: ServiceSpec, origin: Origin) -> Iterator[Problem]:
    for place, forward in forwards(path, service):
        for key in ("ca", "certificate", "key"):
            file = getattr(forward.tls, key)
            if file is not None:
                yield from _file((*place, "tls", key), file, origin)


def _credentials(path: Path, auth: AuthSpec, origin: Origin) -> Iterator[Problem]:
    files = (("basic", auth.basic, parse_passwords), ("bearer", auth.bearer, parse_tokens))
    for key, file, parse in files:
        if file is None:
            continue
        try:
            parse(read_text(file)[0])
        except OSError as error:
            text = f"{origin.shown(file)} cannot be read: {error.strerror}"
            yield origin.problem((*path, key), text)
        except ValueError as error:
            yield origin.problem((*path, key), f"{origin.shown(file)}: {error}")


def _log(path: Path, file: FilePath, origin: Origin) -> Iterator[Problem]:
    if not file.parent.is_dir():
        yield origin.problem(path, f"the folder {origin.shown(file.parent)} does not exist")
    elif file.is_dir():
        yield origin.problem(path, f"{origin.shown(file)} is a folder")


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
