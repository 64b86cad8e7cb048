"""What a page is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from protocols.http import Query


@dataclass(frozen=True, slots=True)
class Subject:
    """Everything at a glance, or one service, or one channel."""

    kind: Literal["everything", "service", "channel"] = "everything"
    name: str = ""

    @classmethod
    def of(cls, query: Query) -> Subject:
        """What `query` asks for."""
        service, channel = query.get("service"), query.get("channel")
        if service is not None:
            return cls("service", service)
        return EVERYTHING if channel is None else cls("channel", channel)


EVERYTHING: Final = Subject()
