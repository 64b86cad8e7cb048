"""Why there is no connection to another server, in words for the log."""

from __future__ import annotations

import os
import socket
from typing import Any

from OpenSSL import SSL
from service_identity import VerificationError
from twisted.internet import error


def why_unreachable(reason: BaseException | None) -> str:
    """What an operator should look for, in one line without a full stop.

    :param reason: what a client endpoint of Twisted has failed with, or what a connection was lost for before
        it could be used, such as a handshake of :class:`~protocols.outgoing_tls.OutgoingTLS`; ``None`` for an
        orderly end.
    """
    if isinstance(reason, VerificationError):
        return "its certificate is not for " + (", ".join(map(_name, reason.errors)) or "that name")
    if isinstance(reason, SSL.Error):
        reasons = reason.args[0] if reason.args else ()
        words = [each[-1] for each in reasons] if isinstance(reasons, list | tuple) else []
        return _TLS_WORDS.get(words[0] if words else "", "TLS: " + ("; ".join(words) or "it broke it off"))
    if isinstance(reason, error.DNSLookupError | socket.gaierror):
        return "the host is not known"
    if reason is None or isinstance(reason, error.ConnectionDone):
        return "it closed the connection at once"
    if isinstance(reason, error.ConnectionLost):
        return "it broke off the connection at once"
    number = getattr(reason, "osError", None) or getattr(reason, "errno", None)
    return os.strerror(number) if isinstance(number, int) else str(reason).rstrip(".")


_TLS_WORDS = {
    "certificate verify failed": "its certificate is not trusted: it is out of date, or from an authority"
    " that is not known here",
    "wrong version number": "it does not speak TLS",
    "packet length too long": "it does not speak TLS",
    "record layer failure": "it does not speak TLS",
    "tlsv13 alert certificate required": "it wants a certificate of ours",
    "unexpected eof while reading": "it broke off the handshake of TLS",
}
"""What OpenSSL's reasons mean to somebody who runs a proxy."""


def _name(mismatch: Any) -> str:
    """The DNS name or IP address that service_identity has looked for."""
    wanted = mismatch.mismatched_id
    hostname = getattr(wanted, "hostname", None)
    return hostname.decode() if isinstance(hostname, bytes) else str(getattr(wanted, "ip", wanted))
