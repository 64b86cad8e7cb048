"""Why there is no connection to another server, in words."""

from __future__ import annotations

import errno

import pytest
from OpenSSL import SSL
from service_identity import VerificationError
from service_identity.hazmat import DNS_ID, DNSMismatch, IPAddress_ID, IPAddressMismatch
from twisted.internet import error

from protocols.outgoing_reason import why_unreachable


def tls(*words: str) -> SSL.Error:
    return SSL.Error([("SSL routines", "", each) for each in words])


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (error.ConnectionRefusedError(errno.ECONNREFUSED), "Connection refused"),
        (error.ConnectError(errno.ENOENT, "No such file or directory"), "No such file or directory"),
        (error.ConnectionRefusedError(), "Connection was refused by other side"),
        (OSError(errno.ENETUNREACH, "whatever"), "Network is unreachable"),
        (error.DNSLookupError("no results for hostname lookup: db.test"), "the host is not known"),
        (None, "it closed the connection at once"),
        (error.ConnectionDone(), "it closed the connection at once"),
        (error.ConnectionLost(), "it broke off the connection at once"),
        (
            tls("certificate verify failed"),
            "its certificate is not trusted: it is out of date, or from an authority that is not known here",
        ),
        (tls("wrong version number"), "it does not speak TLS"),
        (tls("tlsv13 alert certificate required"), "it wants a certificate of ours"),
        (tls("no suites", "none at all"), "TLS: no suites; none at all"),
        (SSL.SysCallError(-1, "Unexpected EOF"), "TLS: it broke it off"),
        (SSL.Error(), "TLS: it broke it off"),
        (
            VerificationError([DNSMismatch(mismatched_id=DNS_ID("db.example.org"))]),
            "its certificate is not for db.example.org",
        ),
        (
            VerificationError([IPAddressMismatch(mismatched_id=IPAddress_ID("192.0.2.1"))]),
            "its certificate is not for 192.0.2.1",
        ),
        (VerificationError([]), "its certificate is not for that name"),
    ],
)
def test_what_an_operator_reads(reason, words):
    assert why_unreachable(reason) == words
