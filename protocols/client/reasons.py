"""Why the network refuses, in words for whoever runs a client."""

from __future__ import annotations

import errno
import os
import re
import socket
import ssl

_ERRNO = re.compile(r"\[Errno (\d+)\]")

_TLS_WORDS = {
    "WRONG_VERSION_NUMBER": "the server does not speak TLS",
    "PACKET_LENGTH_TOO_LONG": "the server does not speak TLS",
    "RECORD_LAYER_FAILURE": "the server does not speak TLS",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "the server wants a client's certificate",
    "UNEXPECTED_EOF_WHILE_READING": "the server broke off the connection",
}
"""What OpenSSL's reasons mean to somebody who runs a client."""

_HOSTNAME_MISMATCH, _IP_ADDRESS_MISMATCH = 62, 64
"""OpenSSL's ``X509_V_ERR_HOSTNAME_MISMATCH`` and ``X509_V_ERR_IP_ADDRESS_MISMATCH``."""


def why(problem: BaseException) -> str:
    """`problem` in one line without a full stop."""
    if isinstance(problem, ssl.SSLError):
        return why_tls(problem)
    if isinstance(problem, socket.gaierror):
        return str(problem.strerror)
    if isinstance(problem, UnicodeError):
        return "the host's name is none"
    number = getattr(problem, "errno", None)
    if isinstance(number, int):
        return os.strerror(number)
    # Of several addresses each may have failed for a reason of its own.
    several = dict.fromkeys(os.strerror(int(found)) for found in _ERRNO.findall(str(problem)))
    return "; ".join(several) or str(problem) or type(problem).__name__


def why_tls(problem: ssl.SSLError) -> str:
    """What TLS had against the connection."""
    if isinstance(problem, ssl.SSLCertVerificationError):
        if problem.verify_code in (_HOSTNAME_MISMATCH, _IP_ADDRESS_MISMATCH):
            return "the server's certificate is not for that name"
        return f"the server's certificate is not trusted: {problem.verify_message}"
    if isinstance(problem, ssl.SSLEOFError):
        return "the server broke off the connection"
    reason = problem.reason or ""
    return _TLS_WORDS.get(reason, reason.replace("_", " ").lower() or "the server broke it off")


def is_unknown_authority(problem: BaseException) -> bool:
    """Whether trusting another authority would help."""
    words = problem.verify_message if isinstance(problem, ssl.SSLCertVerificationError) else ""
    return "self-signed" in words or "self signed" in words or "issuer" in words


def is_refused(problem: OSError) -> bool:
    """Whether a datagram, sent or about to be, finds no socket."""
    return problem.errno in (errno.ECONNREFUSED, errno.ENOENT)
