"""``files``: a folder of files on a web site."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, StrictBool, StrictStr, WithJsonSchema
from pydantic_core import PydanticCustomError

from protocols.daemon.problems import known_help, quoted
from protocols.daemon.spec.choice import Known
from protocols.daemon.spec.model import Spec
from protocols.daemon.spec.paths import FilePath
from protocols.daemon.spec.values import Size


def _file_name(value: Any) -> Any:
    if isinstance(value, str) and (not value or "/" in value or "\0" in value or value in (".", "..")):
        text = f"{quoted(value)} is not the name of a file"
        raise PydanticCustomError("file_name", "{problem}", {"problem": text})
    return value


_SECONDS: Final = ("max-age", "s-maxage", "stale-if-error", "stale-while-revalidate")
_PLAIN: Final = (
    "immutable",
    "must-revalidate",
    "must-understand",
    "no-cache",
    "no-store",
    "no-transform",
    "private",
    "proxy-revalidate",
    "public",
)
_DIRECTIVES: Final = tuple(sorted((*_SECONDS, *_PLAIN)))
_DIRECTIVE = f"(({'|'.join(_SECONDS)})=[0-9]{{1,10}}|{'|'.join(_PLAIN)})"
_CACHE_CONTROL = f"^ *{_DIRECTIVE}( *, *{_DIRECTIVE})* *$"


def _cache_control(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    directives = [directive.strip(" ") for directive in value.split(",")]
    for directive in directives:
        fault = _directive_fault(directive)
        if fault:
            raise PydanticCustomError("cache_control", "{problem}", {"problem": fault})
    return ", ".join(directives)


def _directive_fault(directive: str) -> str:
    name, equals, argument = directive.partition("=")
    if name not in _DIRECTIVES:
        what = f"{quoted(name)} is not known" if name else "a directive is missing"
        return what + known_help(name, _DIRECTIVES)
    if name in _PLAIN and equals:
        return f"{name} has no value"
    if name in _SECONDS and not re.fullmatch("[0-9]{1,10}", argument):
        return f"{name} needs a number of seconds, such as {name}=3600"
    return ""


CacheControl = Annotated[
    StrictStr,
    BeforeValidator(_cache_control),
    WithJsonSchema({"type": "string", "pattern": _CACHE_CONTROL, "examples": ["public, max-age=3600"]}),
]
"""A Cache-Control field (RFC 9111, RFC 5861 and RFC 8246)."""


class FilesSpec(Spec):
    """Serves the files of a folder."""

    short = "folder"

    folder: FilePath
    """The folder; relative ones begin in the folder of the YAML file."""
    index: tuple[Annotated[StrictStr, BeforeValidator(_file_name)], ...] = ("index.html",)
    """The files that stand for a folder; the first that exists is sent."""
    listing: StrictBool = False
    """Whether a folder without any of these is shown as a list of its files."""
    symlinks: Annotated[Literal["none", "inside", "anywhere"], Known()] = "none"
    """Which symbolic links are followed: `none`, those that stay `inside` the folder, or `anywhere`.
    The folder itself may be one in any case."""
    dotfiles: StrictBool = False
    """Whether files and folders are shown whose names begin with a dot; `.well-known` always is."""
    cache_control: CacheControl | None = None
    """The Cache-Control header of every file, such as `public, max-age=3600`; unless said, clients decide
    themselves, and ask again with what they know."""
    precompressed: StrictBool = True
    """Whether `a.css.zst`, `a.css.br` and `a.css.gz` are sent for `a.css`, to clients that can read them,
    unless they are older than it."""
    compress: StrictBool = True
    """Whether texts from 1 KiB on are compressed for clients that want it: with gzip, and with zstd and
    Brotli where their libraries are installed."""
    memory: Size = Size.parse("32MiB")
    """How much of the files up to 64 KiB, compressed and plain, is kept in memory; they are looked at
    again after a second."""
