"""Messages as lines that say which channel they are of."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from protocols.channels.batch import Render
from protocols.channels.form import FORMS, Form
from protocols.channels.message import Message
from protocols.channels.message_json import as_json
from protocols.channels.sessions.member import claim_json
from protocols.channels.store import Claim

KNOWN: Final = 1024
"""Channels whose renderers are kept: what is rendered is shared only by those who use the same one."""

ClaimRender = Callable[[Claim], bytes]


@lru_cache(KNOWN)
def message_lines(channel: str, form: Form) -> tuple[Render, ...]:
    """How a message of `channel` is sent: ``MSG channel seq body`` or ``JSON channel {…}``."""
    name = channel.encode()

    def as_msg(message: Message) -> bytes:
        return b"MSG %b %d %b" % (name, message.seq, message.body)

    def as_json_line(message: Message) -> bytes:
        return b"JSON %b %b" % (name, as_json(message))

    if form == "json":
        return (as_json_line,)
    _, body_or_json, _ = FORMS["body"]

    def as_either(message: Message) -> bytes:
        return as_msg(message) if body_or_json(message) is message.body else as_json_line(message)

    return as_msg, as_either, as_json_line


def claim_lines(channel: str, form: Form) -> tuple[ClaimRender, ...]:
    """How it is sent to a member of a group: ``MSG channel seq tries body`` or ``JSON channel {…}``."""
    name = channel.encode()

    def as_msg(claim: Claim) -> bytes:
        return b"MSG %b %d %d %b" % (name, claim.message.seq, claim.tries, claim.message.body)

    def as_json_line(claim: Claim) -> bytes:
        return b"JSON %b %b" % (name, claim_json(claim))

    return (as_json_line,) if form == "json" else (as_msg, as_json_line)
