"""Who is let in by a certificate, read from the files that say so."""

from __future__ import annotations

from OpenSSL import SSL, crypto
from twisted.logger import Logger

from protocols.guard.tls.files import ClientRule, read_certificates, read_revocations
from protocols.guard.tls.staple import now

log = Logger(namespace="polyport")


class Clients:
    """The authorities that clients' certificates must be from, and what they have revoked.

    Raises :class:`~.files.TLSFileError`.
    """

    def __init__(self, rule: ClientRule) -> None:
        self.rule = rule
        self._authorities = read_certificates(rule.ca)
        self._revoked = read_revocations(rule.crl) if rule.crl else []
        for each in self._revoked:
            until = each.next_update_utc
            if until is not None and until < now():
                log.warn(
                    "{file}: the list of {authority} is out of date: no client of that authority is let in",
                    file=str(rule.crl),
                    authority=each.issuer.rfc4514_string(),
                )

    def ask_in(self, context: SSL.Context) -> None:
        """Have connections of `context` ask for a certificate, and name these authorities to the client."""
        store = context.get_cert_store()
        assert store is not None
        for authority in self._authorities:
            store.add_cert(crypto.X509.from_cryptography(authority))
            context.add_client_ca(authority)
        for revoked in self._revoked:
            store.add_crl(revoked)
        if self._revoked:
            store.set_flags(self._depth())
        mode = SSL.VERIFY_PEER
        if self.rule.required:
            mode |= SSL.VERIFY_FAIL_IF_NO_PEER_CERT
        context.set_verify(mode)

    def _depth(self) -> int:
        """How far revocation is looked at: all the way up, if there is a list of every authority."""
        listed = {each.issuer for each in self._revoked}
        flags = crypto.X509StoreFlags.CRL_CHECK
        if all(authority.subject in listed for authority in self._authorities):
            flags |= crypto.X509StoreFlags.CRL_CHECK_ALL
        return int(flags)
