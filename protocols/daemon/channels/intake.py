"""From the specification of a channel to what looks at each message before it is taken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from protocols.channels.intake import Intake, KeyOf, key_from_body, key_from_sender
from protocols.codec import Codec, codec_for
from protocols.daemon.spec.channel import SENDER, ChannelSpec


def intake_for(spec: ChannelSpec, resolved: Mapping[str, object]) -> Intake:
    """What the channel of `spec` takes.

    :param resolved: what references name.
    """
    return Intake(codec=_codec(spec, resolved), key_of=_key_of(spec), most=spec.message)


def _codec(spec: ChannelSpec, resolved: Mapping[str, object]) -> Codec | None:
    if spec.schema is None:
        return None
    annotation: Any = resolved[spec.schema]
    return codec_for(annotation, spec.codec)


def _key_of(spec: ChannelSpec) -> KeyOf | None:
    if spec.key is None:
        return None
    return key_from_sender if spec.key == SENDER else key_from_body(spec.key.partition(".")[2])
