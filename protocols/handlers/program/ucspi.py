"""What a program is told of its client: variables of its environment, by the UNIX Client-Server Program
Interface.

The names are those of the UCSPI of 1996 and of tcp-environ(5) of ucspi-tcp, of s6-ipcserver for Unix sockets
(``IPC…``) and of ucspi-unix before it (``UNIX…``), and of s6-tlsserver and ucspi-tls for TLS; those with
``POLYPORT_`` are our own, the same over everything.
"""

from __future__ import annotations

from typing import Final

from protocols.session import Peer

_STREAMS: Final = {"tcp": "TCP", "tls": "TCP", "unix": "UNIX", "udp": "UDP", "unixgram": "UNIX"}
"""``PROTO`` by the transport of a peer; requests of HTTP came by TCP."""


def told_of(peer: Peer, local: tuple[str, int], service: str) -> dict[str, str]:
    """The variables for a program of `service` whose client is `peer`, which came to `local`, a host and port
    or the path of a socket."""
    proto = _STREAMS.get(peer.transport, "TCP")
    told = {
        "PROTO": proto,
        "POLYPORT_SERVICE": service,
        "POLYPORT_TRANSPORT": peer.transport,
        "POLYPORT_PEER": str(peer),
    }
    if proto == "UNIX":
        told |= _of_unix(peer, local[0])
    else:
        told |= {
            f"{proto}REMOTEIP": peer.host,
            f"{proto}REMOTEPORT": str(peer.port),
            f"{proto}LOCALIP": local[0],
            f"{proto}LOCALPORT": str(local[1]),
        }
    if peer.user is not None:
        told["POLYPORT_USER"] = peer.user
    certificate = peer.certificate
    if certificate is not None:
        told["TLS_PEER_CN"] = certificate.subject
        told["TLS_PEER_NAMES"] = " ".join(certificate.names)
        told["TLS_PEER_FINGERPRINT"] = certificate.fingerprint
    if peer.transport in ("tls", "wss", "https"):
        told["SSL"] = "1"
    # What holds a zero byte is no variable, and nobody's name.
    return {name: value for name, value in told.items() if "\0" not in value}


def _of_unix(peer: Peer, path: str) -> dict[str, str]:
    told = {
        "UNIXLOCALPATH": path,
        "UNIXREMOTEPATH": peer.host,
        "IPCLOCALPATH": path,
        "IPCREMOTEPATH": peer.host,
    }
    credentials = peer.credentials
    if credentials is not None:
        told |= {
            "UNIXREMOTEEUID": str(credentials.uid),
            "UNIXREMOTEEGID": str(credentials.gid),
            "UNIXREMOTEPID": str(credentials.pid),
            "IPCREMOTEEUID": str(credentials.uid),
            "IPCREMOTEEGID": str(credentials.gid),
        }
    return told
