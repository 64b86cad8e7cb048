"""What a header says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Family: TypeAlias = Literal["inet", "inet6", "unix"]


class ProxyHeaderError(Exception):
    """The bytes are no header, or one that contradicts itself; the text says in what."""


@dataclass(frozen=True, slots=True)
class Place:
    """One end of a connection."""

    host: str
    """An IP address in its shortest form; or the path of a Unix socket, decoded as :func:`os.fsdecode` does,
    with a zero byte in front if it is an abstract name, empty if it has none."""
    port: int = 0
    """0 for a Unix socket."""


@dataclass(frozen=True, slots=True)
class ClientTLS:
    """How the client spoke TLS with the proxy (PP2_TYPE_SSL)."""

    version: str = ""
    """Such as ``TLSv1.3``."""
    verify: int = 0
    """0 if the certificate that the client showed was verified, otherwise why not."""
    on_connection: bool = False
    """Whether the client showed a certificate on this connection."""
    in_session: bool = False
    """Whether it has shown one in this session of TLS, which may have been resumed."""
    common_name: str | None = None
    """Of the certificate's subject, whether it was verified or not."""
    cipher: str | None = None
    signature_algorithm: str | None = None
    """What the proxy's certificate is signed with, such as ``SHA256``."""
    key_algorithm: str | None = None
    """Of the proxy's certificate, such as ``RSA2048``."""
    group: str | None = None
    signature_scheme: str | None = None
    certificate: bytes | None = None
    """The client's certificate, in DER, whether it was verified or not."""

    @property
    def is_verified(self) -> bool:
        """Whether the client has proved to be whom its certificate names.

        A proxy that asks for no certificate finds no fault with it either, so that alone proves nothing.
        """
        return self.verify == 0 and (self.on_connection or self.in_session)


@dataclass(frozen=True, slots=True)
class ProxyHeader:
    """Whose connection a proxy passes on."""

    is_local: bool = False
    """The proxy speaks for itself, to see whether somebody is there: nothing else here means anything."""
    family: Family | None = None
    """``None``: the proxy does not know, or cannot say, where the client is."""
    datagrams: bool = False
    """Whether the client sent datagrams and no stream."""
    source: Place | None = None
    """Where the client is; ``None`` exactly if there is no family."""
    destination: Place | None = None
    """Where the client connected to; ``None`` exactly if there is no family."""
    alpn: bytes | None = None
    """The protocol that was agreed upon by ALPN (RFC 7301)."""
    authority: str | None = None
    """The name of the host that the client asked for, such as TLS's SNI."""
    unique_id: bytes | None = None
    """What the proxy calls this connection, 128 bytes at most."""
    tls: ClientTLS | None = None
    """``None`` also if the client did not speak TLS."""
    namespace: str | None = None
    """The name of the network namespace in which the proxy accepted the connection."""
    others: tuple[tuple[int, bytes], ...] = ()
    """What is not known here, by its type: as it came, in order."""
