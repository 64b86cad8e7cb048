"""Where NATS is, and who we are there."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class NATSSettings:
    """One set of servers, of one cluster, and what they are told; equal settings can share a connection."""

    servers: tuple[str, ...] = field(repr=False)
    """``nats://HOST:PORT`` or ``tls://HOST:PORT``; tried in any order.  A user and password may stand in
    them, which is why they are not shown."""
    name: str = "polyport"
    """What the connection is called in NATS's own listings."""
    credentials: Path | None = None
    """A file with a JWT and its seed, as ``nsc`` writes them; needs the package ``nkeys``."""
    user: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    ca: Path | None = None
    """PEM: the authorities that are trusted instead of the system's."""
    certificate: Path | None = None
    """PEM: our own certificate, for servers that ask for one."""
    key: Path | None = None
    """PEM: its key, if it does not stand in the same file."""

    @property
    def places(self) -> str:
        """Where the servers are, without secrets."""
        return ", ".join(server.rpartition("@")[2].rpartition("//")[2] for server in self.servers)

    def tls(self) -> ssl.SSLContext | None:
        """What TLS needs, if anything was said about it; a server that asks for TLS gets it anyhow.

        Raises :class:`OSError`, which :class:`ssl.SSLError` is too, for files that are none.
        """
        if self.ca is None and self.certificate is None:
            return None
        context = ssl.create_default_context(cafile=self.ca)
        if self.certificate is not None:
            context.load_cert_chain(self.certificate, self.key)
        return context
