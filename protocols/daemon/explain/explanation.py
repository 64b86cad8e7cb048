"""What is said of somebody who comes to an address."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Step:
    """One thing on the way inwards."""

    topic: str
    """What it is about, such as ``access`` or ``route``."""
    words: str
    place: str = ""
    """Where what decides it stands, as ``file:line:column``, or ``built-in``."""
    allowed: bool | None = None
    """Whether that lets somebody on; ``None`` where it decides nothing."""


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit in force."""

    name: str
    value: str
    origin: str
    """``own``, ``route``, ``defaults`` or ``built-in``."""
    place: str = ""
    """Where it stands, if it is written anywhere."""


@dataclass(slots=True)
class Explanation:
    """Everything there is to say, from the socket inwards."""

    steps: list[Step] = field(default_factory=list)
    limits: list[Limit] = field(default_factory=list)

    @property
    def allowed(self) -> bool:
        """Whether nobody on the way refuses."""
        return all(step.allowed is not False for step in self.steps)
