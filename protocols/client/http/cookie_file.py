"""Cookies that outlive the program: a file in a format of :mod:`http.cookiejar`."""

from __future__ import annotations

import os
import tempfile
from http.cookiejar import FileCookieJar, LoadError, LWPCookieJar, MozillaCookieJar
from pathlib import Path

LWP_MAGIC = b"#LWP-Cookies-"
"""What a file of libwww-perl's ``Set-Cookie3`` lines begins with."""


class CookieFile:
    """The jar in the file at `path`: ``Set-Cookie3`` lines (LWP) where the file has those, or is new and its
    name ends in ``.lwp``; otherwise ``cookies.txt``, as of Mozilla and curl.

    Cookies of a session, which have no end, are kept as well: the next run goes on with it.  A file that is
    not there yet is an empty jar.  Raises :class:`ValueError` for a file in neither format, :class:`OSError`
    for one that cannot be read.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        try:
            beginning = self.path.read_bytes()[:100]
        except FileNotFoundError:
            beginning = None
        lwp = beginning.startswith(LWP_MAGIC) if beginning else self.path.suffix == ".lwp"
        self.jar: FileCookieJar = LWPCookieJar() if lwp else MozillaCookieJar()
        if not beginning:
            return
        try:
            self.jar.load(str(self.path), ignore_discard=True)
        except LoadError as error:
            raise ValueError(f"{self.path} holds no cookies: {error}") from None

    def save(self) -> None:
        """Write the file anew, readable for its owner only; there is the old one or the whole new one,
        whatever happens meanwhile.  Raises :class:`OSError`."""
        # mkstemp gives mode 0600.
        number, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")
        try:
            os.close(number)
            self.jar.save(name, ignore_discard=True)
            with open(name, "rb") as written:  # noqa: PTH123 - a name, as mkstemp has it
                os.fsync(written.fileno())
            os.replace(name, self.path)  # noqa: PTH105
        except BaseException:
            os.unlink(name)  # noqa: PTH108
            raise
