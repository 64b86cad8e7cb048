"""Secrets by reference: ``${env:NAME}``, ``${file:path}`` and ``${credential:NAME}`` in any text.

The YAML file holds the reference, never the secret.  ``$${`` stands for a ``${`` that is meant as it
stands.  References are looked up once; what they give is not searched for further references.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Mapping
from pathlib import Path as FilePath
from typing import Any

from protocols.daemon.problems import Path, known_help
from protocols.http.policy.credential_file import WIDE

MAX_SECRET_SIZE = 64 * 1024
"""Bytes of one secret file: room for a chain of certificates, not for a device that never ends."""

_REFERENCE = re.compile(r"\$(\$\{|\{(?P<reference>[^}]*)(?P<end>\}?))")
_KINDS = ("env", "file", "credential")


class SecretError(ValueError):
    """A reference that cannot be followed.  Its text names the reference, never a value."""


class Secrets:
    """Where references are looked up."""

    def __init__(self, folder: FilePath, environment: Mapping[str, str] | None = None) -> None:
        """`folder` is where relative files are; `environment` is ``os.environ`` unless given."""
        self._folder = folder
        self._environment = os.environ if environment is None else environment
        self.values: set[str] = set()
        """What references have given so far."""
        self._exposed: list[str] = []

    def expand(self, text: str) -> tuple[str, bool]:
        """`text` with its references replaced, and whether there was any.

        Raises :class:`SecretError`.
        """
        found = False

        def replace(match: re.Match[str]) -> str:
            nonlocal found
            if match["reference"] is None:
                return "${"
            found = True
            if not match["end"]:
                raise SecretError('"${" without its "}"; write "$${" for the two characters')
            return self._look_up(match["reference"])

        return _REFERENCE.sub(replace, text), found

    def _look_up(self, reference: str) -> str:
        kind, colon, name = reference.partition(":")
        if not colon or kind not in _KINDS:
            text = f"${{{reference}}} is no reference to a secret"
            help_text = known_help(kind, _KINDS, "known kinds")
            raise SecretError(text + help_text + '; write "$${" for the two characters themselves')
        if not name:
            raise SecretError(f"${{{reference}}} names nothing")
        look_up: dict[str, Callable[[str], str]] = {
            "env": self._variable,
            "file": self._file,
            "credential": self._credential,
        }
        value = look_up[kind](name)
        try:
            value.encode()
        except UnicodeEncodeError:
            raise SecretError(f"${{{reference}}} is not UTF-8") from None
        self.values.add(value)
        return value

    def take_warnings(self) -> list[str]:
        """What is to be said, in words, of the files that have been read since this was asked last."""
        exposed, self._exposed = self._exposed, []
        return exposed

    def _variable(self, name: str) -> str:
        try:
            return self._environment[name]
        except KeyError:
            raise SecretError(f"the environment variable {name} is not set") from None

    def _file(self, name: str) -> str:
        return self._content(self._folder / name, f"${{file:{name}}}")

    def _credential(self, name: str) -> str:
        folder = self._environment.get("CREDENTIALS_DIRECTORY")
        if not folder:
            raise SecretError(
                f"${{credential:{name}}} needs CREDENTIALS_DIRECTORY, which systemd sets for a unit "
                "with LoadCredential="
            )
        if "/" in name or name in (".", ".."):
            raise SecretError(f"${{credential:{name}}}: a credential's name has no slash")
        return self._content(FilePath(folder) / name, f"${{credential:{name}}}")

    def _content(self, file: FilePath, reference: str) -> str:
        """The text of `file` without one newline at its end."""
        try:
            with file.open("rb") as stream:
                mode = os.fstat(stream.fileno()).st_mode
                content = stream.read(MAX_SECRET_SIZE + 1)
            if len(content) > MAX_SECRET_SIZE:
                raise SecretError(f"{reference}: the file is larger than {MAX_SECRET_SIZE} bytes")
            text = content.decode()
        except OSError as error:
            raise SecretError(f"{reference} cannot be read: {error.strerror}") from error
        except UnicodeDecodeError:
            raise SecretError(f"{reference} is not UTF-8") from None
        except ValueError as error:
            raise SecretError(f"{reference} is no file name: {error}") from error
        if stat.S_ISREG(mode) and mode & WIDE:
            self._exposed.append(exposed(reference, mode))
        return text[:-2] if text.endswith("\r\n") else text.removesuffix("\n")


def exposed(what: str, mode: int) -> str:
    """What is to be said of a secret file whose `mode` lets others read it, or its group write it."""
    shown = stat.S_IMODE(mode)
    return f"{what} has mode {shown:04o}: others should not be able to read it; try: chmod 640"


def expand_all(
    data: Any,
    secrets: Secrets,
    report: Callable[[Path, str], None],
    warn: Callable[[Path, str], None] = lambda path, text: None,
) -> tuple[Any, frozenset[Path]]:
    """`data` with every reference in its texts replaced, and the paths of the texts that had one.

    Each reference that cannot be followed is given to `report`, and its text stays as it was; `warn` is
    given those whose files others can read.
    """
    hidden: set[Path] = set()

    def walk(value: Any, path: Path) -> Any:
        if isinstance(value, dict):
            return {key: walk(item, (*path, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [walk(item, (*path, index)) for index, item in enumerate(value)]
        if not isinstance(value, str):
            return value
        try:
            text, is_secret = secrets.expand(value)
        except SecretError as error:
            report(path, str(error))
            return value
        for warning in secrets.take_warnings():
            warn(path, warning)
        if is_secret:
            hidden.add(path)
        return text

    return walk(data, ()), frozenset(hidden)
