"""Files that are there whole, or as they were."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

PRIVATE = 0o600


def write_file(path: Path, data: bytes, mode: int) -> None:
    """Create `path` whole and with `mode`, or leave what was there."""
    # mkstemp creates with 0600; only what is to be read by others is opened up.
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            if mode != PRIVATE:
                os.fchmod(file.fileno(), mode)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
