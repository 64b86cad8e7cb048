"""Who asks, by the names of CGI (RFC 3875, section 4.1) and of Apache's mod_ssl."""

from __future__ import annotations

from protocols.account_name import account_name
from protocols.http.request import RequestHead


def client_variables(request: RequestHead) -> dict[str, str]:
    """The variables that say who has proved to be whom, and how; none where nobody has."""
    peer, certificate = request.peer, request.peer.certificate
    variables = {}
    if peer.user is not None:
        variables["REMOTE_USER"] = _plain(peer.user)
        variables["AUTH_TYPE"] = _proof(request)
    if request.scheme == "https":
        variables["HTTPS"] = "on"
        variables["SSL_CLIENT_VERIFY"] = "NONE" if certificate is None else "SUCCESS"
        if certificate is not None:
            variables["SSL_CLIENT_S_DN_CN"] = _plain(certificate.subject)
            variables["SSL_CLIENT_V_END"] = f"{certificate.expires:%b %d %H:%M:%S %Y %Z}"
    return variables


def _proof(request: RequestHead) -> str:
    """``Basic``, ``Bearer``, ``Certificate`` or ``Unix``.

    What a client writes into Authorization proves nothing where it is known by something else already.
    """
    peer = request.peer
    if peer.certificate is not None and peer.user == peer.certificate.subject:
        return "Certificate"
    if peer.credentials is not None and peer.user == account_name(peer.credentials.uid):
        return "Unix"
    return (request.headers.get("authorization") or "").partition(" ")[0].capitalize() or "Certificate"


def _plain(name: str) -> str:
    """`name` without zeros, at which a variable would end: a certificate's may hold any character."""
    return name.replace("\0", "\N{REPLACEMENT CHARACTER}")
