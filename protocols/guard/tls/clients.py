"""Who is let in by a certificate, read from the files that say so."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from OpenSSL import SSL, crypto

from protocols.guard.tls.files import ClientRule, TLSFileError, read_certificates, read_revocations


class Clients:
    """The authorities that clients' certificates must be from, and what they have revoked.

    Raises :class:`~.files.TLSFileError`.
    """

    def __init__(self, rule: ClientRule) -> None:
        self.rule = rule
        self._authorities = read_certificates(rule.ca)
        self._revoked = read_revocations(rule.crl) if rule.crl else []

    def warnings(self, moment: datetime) -> Iterator[str]:
        """Which lists are out of date."""
        for each in self._revoked:
            until = each.next_update_utc
            if until is not None and until < moment:
                who = each.issuer.rfc4514_string()
                yield f"{self.rule.crl}: the list of {who} is out of date: none of its clients is let in"

    def ask_in(self, context: SSL.Context) -> None:
        """Have connections of `context` ask for a certificate, and name these authorities to the client.

        Raises :class:`~.files.TLSFileError`.
        """
        try:
            self._trust_in(context)
        except (SSL.Error, crypto.Error) as error:
            raise TLSFileError(f"OpenSSL refuses what {self.rule.ca} or its list holds") from error
        mode = SSL.VERIFY_PEER
        if self.rule.required:
            mode |= SSL.VERIFY_FAIL_IF_NO_PEER_CERT
        context.set_verify(mode)

    def _trust_in(self, context: SSL.Context) -> None:
        store = context.get_cert_store()
        assert store is not None
        for authority in self._authorities:
            store.add_cert(crypto.X509.from_cryptography(authority))
            context.add_client_ca(authority)
        for revoked in self._revoked:
            store.add_crl(revoked)
        if self._revoked:
            store.set_flags(self._depth())

    def _depth(self) -> int:
        """How far revocation is looked at: all the way up, if there is a list of every authority."""
        listed = {each.issuer for each in self._revoked}
        flags = crypto.X509StoreFlags.CRL_CHECK
        if all(authority.subject in listed for authority in self._authorities):
            flags |= crypto.X509StoreFlags.CRL_CHECK_ALL
        return int(flags)
