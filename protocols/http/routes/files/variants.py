"""In which forms a file is there: as it is, compressed beside it, and compressed while it is sent."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from protocols.http.compression import CODINGS, LEAST, is_compressible
from protocols.http.content_coding import IDENTITY
from protocols.http.routes.files.folder import Found, Visit
from protocols.http.routes.files.media_types import media_type

SUFFIXES: Final[Mapping[str, str]] = {"zstd": ".zst", "br": ".br", "gzip": ".gz"}
"""What stands behind the name of a file that holds another one in a content coding."""

State = tuple[tuple[str, int, int, int], ...]
"""Forms that are files, each with when it was changed (ns), its bytes and its inode: changes whenever one
of them does."""


def state_of(form: str, status: os.stat_result) -> tuple[str, int, int, int]:
    """What tells one state of a file from another."""
    return form, status.st_mtime_ns, status.st_size, status.st_ino


@dataclass(frozen=True, slots=True)
class Variants:
    """The forms of a file, at one moment.

    Good for as long as the visit that found them.
    """

    content_type: str
    files: Mapping[str, Found]
    """By content coding; the file itself is :data:`IDENTITY`."""
    offers: tuple[str, ...]
    """Content codings it can be had in, the most welcome first."""

    @property
    def state(self) -> State:
        return tuple(state_of(form, found.status) for form, found in self.files.items())


def variants_of(visit: Visit, found: Found, name: str, *, precompressed: bool, compress: bool) -> Variants:
    """The forms of the file that was `found` when `name` was asked for, which may be another's: a link's.

    :param precompressed: whether files beside it count: ``a.css.gz`` for ``a.css``.  One that is older
        than the file does not: somebody has forgotten to make it anew.
    :param compress: whether it may be compressed while it is sent.
    """
    content_type = media_type(name)
    files = {IDENTITY: found}
    if precompressed and not found.name.endswith(tuple(SUFFIXES.values())):
        for coding, suffix in SUFFIXES.items():
            beside = visit.beside(found, found.name + suffix)
            if beside is not None and not beside.is_folder and _is_newer(beside, found):
                files[coding] = beside
    offers = sorted((c for c in files if c != IDENTITY), key=lambda coding: files[coding].status.st_size)
    if compress and found.status.st_size >= LEAST and is_compressible(content_type):
        offers += [coding for coding in CODINGS if coding not in files]
    return Variants(content_type, files, tuple(offers))


def _is_newer(beside: Found, found: Found) -> bool:
    # Whole seconds: not every tool that copies files keeps more of the time.
    return int(beside.status.st_mtime) >= int(found.status.st_mtime)
