"""Whether what an import was made of is for everybody to read: passwords stand in such files."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Final

from protocols.daemon.importers.imported import Import

PRIVATE: Final = "not everybody may read {files}, and so nobody else should read this file"


def private_files(found: Import) -> list[str]:
    """The files of `found` that others than their owner and group cannot read."""
    besides = [file for service in found.services for file in service.besides]
    names = dict.fromkeys([*(source.file for source in found.sources if source.kind), *besides])
    return [name for name in names if _is_private(Path(name))]


def _is_private(file: Path) -> bool:
    try:
        found = file.stat()
    except OSError:
        return True  # it was there a moment ago
    return stat.S_ISREG(found.st_mode) and not found.st_mode & stat.S_IROTH
