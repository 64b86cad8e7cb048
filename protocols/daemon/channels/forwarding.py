"""From the specification of a forward to the forward."""

from __future__ import annotations

from typing import Any

from protocols.channels.channel import Channel
from protocols.channels.forward import Forward, ForwardSettings
from protocols.channels.since import Since
from protocols.daemon.framings import framing_for
from protocols.daemon.spec.channel_forward import ChannelForwardSpec
from protocols.framing import Lines
from protocols.outgoing_tls import OutgoingTLS


def forward_for(
    name: str, spec: ChannelForwardSpec, channel: Channel, dead: Channel | None, reactor: Any
) -> Forward:
    """The forward `name` of `channel`, which passes nothing on yet.

    :param dead: gets what is given up.

    Raises :class:`OSError` and :class:`ValueError` for files of its TLS that cannot be read or hold none.
    """
    tls = None
    if spec.to.scheme in ("https", "tls"):
        tls = OutgoingTLS(
            spec.tls.name or spec.to.host, ca=spec.tls.ca, certificate=spec.tls.certificate, key=spec.tls.key
        )
    return Forward(channel, name, spec.to, reactor=reactor, settings=_settings(spec), tls=tls, dead=dead)


def _settings(spec: ChannelForwardSpec) -> ForwardSettings:
    return ForwardSettings(
        since=Since.parse(spec.since),
        key=spec.key,
        format=spec.format,
        tries=spec.tries,
        deadline=float(spec.deadline),
        backoff=float(spec.backoff),
        inflight=spec.inflight or 0,
        secrets=spec.secret or (),
        headers=tuple(spec.headers.items()),
        cookies=spec.cookies,
        redirects=spec.redirects,
        framing=Lines() if spec.framing is None else framing_for(spec.framing),
        answers=spec.answers,
    )
