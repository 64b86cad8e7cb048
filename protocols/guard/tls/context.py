"""From what was read to what OpenSSL works with."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256

from OpenSSL import SSL, _util

from protocols.guard.tls.alpn import chooser
from protocols.guard.tls.clients import Clients
from protocols.guard.tls.credential import Credential
from protocols.guard.tls.files import TLSFileError
from protocols.guard.tls.profile import Profile

OP_PRIORITIZE_CHACHA = 1 << 21
"""Of OpenSSL, for which pyOpenSSL has no name: a client that prefers ChaCha20, because it has no hardware for
AES, gets it."""

OPTIONS = (
    SSL.OP_NO_COMPRESSION | SSL.OP_NO_RENEGOTIATION | SSL.OP_CIPHER_SERVER_PREFERENCE | OP_PRIORITIZE_CHACHA
)

TICKET_LIFE = 2 * 60 * 60
"""Seconds for which a client may resume its session; what a stolen key for tickets opens is no more than that
and the time for which the key is used."""


def server_context(
    credential: Credential, clients: Clients | None, profile: Profile, protocols: Sequence[bytes], who: str
) -> SSL.Context:
    """A server's side of TLS.

    Sessions are resumed by tickets (RFC 8446, section 2.2; RFC 5077), whose key is the context's own: another
    context cannot read them.  Where clients prove themselves there are none: a session that is resumed would
    prove a certificate that has been revoked, or has run out, since.

    :param who: for whom the context is; sessions are not taken across (SSL_CTX_set_session_id_context).

    Raises :class:`~.files.TLSFileError` if OpenSSL refuses the certificate.
    """
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(profile.minimum)
    context.set_cipher_list(profile.ciphers)
    context.set_tls13_ciphersuites(profile.suites)
    _set_groups(context, profile.groups)
    context.set_options(OPTIONS)
    context.set_session_id(sha256(who.encode()).digest())
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.set_timeout(TICKET_LIFE)
    try:
        context.use_certificate(credential.chain[0])
        for intermediate in credential.chain[1:]:
            context.add_extra_chain_cert(intermediate)
        context.use_privatekey(credential.key)  # type: ignore[arg-type]  # no other kind proves anything
        context.check_privatekey()
    except SSL.Error as error:
        reason = "; ".join(each[-1] for each in error.args[0]) if error.args else ""
        raise TLSFileError(f"OpenSSL refuses {credential.label}: {reason}") from error
    if clients is not None:
        clients.ask_in(context)
        context.set_options(SSL.OP_NO_TICKET)
    if credential.files.ocsp is not None:
        context.set_ocsp_server_callback(lambda connection, data: credential.staple())
    context.set_alpn_select_callback(chooser(protocols))  # type: ignore[arg-type]  # the sentinel is allowed
    return context


def _set_groups(context: SSL.Context, groups: bytes) -> None:
    # pyOpenSSL has no method for it, only one that sets a single curve.
    if _util.lib.SSL_CTX_set1_curves_list(context._context, groups) != 1:
        with suppress(SSL.Error):  # as from an OpenSSL of a distribution, whose own preference does
            SSL._raise_current_error()
