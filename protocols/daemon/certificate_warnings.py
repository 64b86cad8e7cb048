"""What is not wrong with the certificates of a configuration, but will be, or should be seen to."""

from __future__ import annotations

from collections.abc import Iterator

from protocols.daemon.service_tls import tls_settings
from protocols.daemon.spec.config import Config
from protocols.guard import ServerTLS
from protocols.guard.tls.staple import now


def certificate_warnings(config: Config) -> Iterator[str]:
    """One line for each, for the enabled services that speak TLS; `config` has no problem."""
    said: dict[str, None] = {}
    for spec in config.services.values():
        if spec.enabled and spec.tls is not None:
            tls = ServerTLS(tls_settings(spec.tls, config.certificates, ()))
            said |= dict.fromkeys(tls.warnings(now()))
    yield from said
