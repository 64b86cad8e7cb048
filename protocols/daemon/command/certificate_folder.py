"""The folder that ``cert`` keeps: an authority, and certificates that it has signed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from protocols.daemon.command.atomic_file import PRIVATE, write_file
from protocols.daemon.command.development_ca import Pair, general_name, issue, make_authority
from protocols.daemon.command.revocation import ocsp_response, revocation_list

PUBLIC = 0o644


class FolderError(Exception):
    """What the folder holds cannot be used; the text says why, and what to do."""


class CertificateFolder:
    """Makes and finds the files: ``ca.pem``, ``ca.key``, and a pair for each certificate; ``ca.crl``, and for
    each certificate ``NAME.ocsp``, say that none has been revoked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ca_certificate = folder / "ca.pem"
        self.ca_key = folder / "ca.key"
        self.ca_list = folder / "ca.crl"

    def files_for(self, name: str) -> tuple[Path, Path]:
        """Where the certificate and the key of `name` are."""
        stem = name.replace("*", "_wildcard").replace(":", "-")
        if stem == "ca":
            raise FolderError("ca.pem is the authority's; put another name first")
        return self.folder / f"{stem}.pem", self.folder / f"{stem}.key"

    def authority(self) -> tuple[Pair, bool]:
        """The authority, made if there is none, and whether it is new.  Raises :class:`FolderError`."""
        now = datetime.now(UTC)
        if not (self.ca_certificate.exists() or self.ca_key.exists()):
            self.folder.mkdir(parents=True, exist_ok=True)
            made = make_authority(now)
            write_file(self.ca_key, made.key_pem, PRIVATE)
            write_file(self.ca_certificate, made.certificate_pem, PUBLIC)
            self.ca_list.unlink(missing_ok=True)
            return made, True
        found = self._read(self.ca_certificate, self.ca_key)
        if found.certificate.not_valid_after_utc <= now:
            raise FolderError(f"the authority {self.ca_certificate} has expired; remove it and its key")
        return found, False

    def existing(self, name: str) -> Pair | None:
        """The pair of `name`, if there is one.  Raises :class:`FolderError`."""
        certificate, key = self.files_for(name)
        if not (certificate.exists() or key.exists()):
            return None
        return self._read(certificate, key)

    def make(self, authority: Pair, names: Sequence[str], days: int) -> Pair:
        """Make a certificate for `names` and write it, over an older one if there is one."""
        made = issue(authority, names, days, datetime.now(UTC))
        certificate, key = self.files_for(names[0])
        write_file(key, made.key_pem, PRIVATE)
        # The authority itself is not sent along: who trusts it has it, and who does not gains nothing.
        write_file(certificate, made.certificate_pem, PUBLIC)
        self._response_for(names[0]).unlink(missing_ok=True)
        return made

    def confirm(self, authority: Pair, name: str, pair: Pair) -> None:
        """Write what says that nothing has been revoked, the certificate of `name` not either, where it is
        missing."""
        now = datetime.now(UTC)
        if not self.ca_list.exists():
            write_file(self.ca_list, revocation_list(authority, now), PUBLIC)
        response = self._response_for(name)
        if not response.exists():
            write_file(response, ocsp_response(authority, pair.certificate, now), PUBLIC)

    def _response_for(self, name: str) -> Path:
        certificate, _ = self.files_for(name)
        return certificate.with_name(f"{certificate.stem}.ocsp")

    @staticmethod
    def check_names(names: Sequence[str]) -> None:
        """Raise :class:`FolderError` for a name that no certificate can carry."""
        try:
            for name in names:
                general_name(name)
        except ValueError as error:
            raise FolderError(str(error)) from None

    def _read(self, certificate: Path, key: Path) -> Pair:
        for path, other in ((certificate, key), (key, certificate)):
            if not path.exists():
                raise FolderError(f"{other} is there without {path.name}; restore that, or remove it")
        try:
            return Pair.from_pem(certificate.read_bytes(), key.read_bytes())
        except ValueError as error:
            raise FolderError(f"{certificate} and {key.name} cannot be used: {error}") from None
