"""TLS around any stream factory: certificates by name, clients that prove themselves, files that change."""

from protocols.guard.tls.factory import TLSFactory
from protocols.guard.tls.files import CertificateFiles, ClientRule, TLSFileError
from protocols.guard.tls.profile import PROFILES, Profile
from protocols.guard.tls.server import NameSettings, ServerTLS, TLSSettings
from protocols.guard.tls.starttls import StartTLSFactory

__all__ = [
    "PROFILES",
    "CertificateFiles",
    "ClientRule",
    "NameSettings",
    "Profile",
    "ServerTLS",
    "StartTLSFactory",
    "TLSFactory",
    "TLSFileError",
    "TLSSettings",
]
