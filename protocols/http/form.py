"""What a form said."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from protocols.http.fields import Fields
from protocols.http.upload import Upload


class Form(Fields):
    """The fields of a form, as pairs of a name and a text, and the files that came with it.

    ``with request.form() as form`` closes the files at the end.
    """

    __slots__ = ("_uploads",)

    def __init__(self, pairs: Iterable[tuple[str, str]] = (), uploads: Iterable[Upload] = ()) -> None:
        super().__init__(pairs)
        self._uploads = tuple(uploads)

    def uploads(self, name: str | None = None) -> list[Upload]:
        """Every file, or those of the form field `name`, in order."""
        return [upload for upload in self._uploads if name in (None, upload.name)]

    def upload(self, name: str) -> Upload | None:
        """The first file of the form field `name`."""
        return next(iter(self.uploads(name)), None)

    def close(self) -> None:
        """Let go of the files."""
        for upload in self._uploads:
            upload.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        # Values may be passwords, and a repr ends up in logs.
        names = [name for name, _ in self]
        return f"<Form {names!r}, {list(self._uploads)!r}>"
