"""``wsgi.file_wrapper``."""

from __future__ import annotations

from typing import Any
from wsgiref import util

from protocols.http.source import PIECE


class FileWrapper(util.FileWrapper):
    """The blocks of a file, closed at the end (PEP 3333, "Optional Platform-Specific File Handling").

    :param blksize: bytes of a block; a smaller number is a suggestion that costs more than it gives.
    """

    def __init__(self, filelike: Any, blksize: int = PIECE) -> None:
        super().__init__(filelike, max(blksize, PIECE))
