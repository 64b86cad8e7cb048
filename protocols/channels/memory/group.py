"""What one group has been handed out of a log."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Held:
    """A message that was handed out, and is not settled."""

    due: float
    """When it is to be handed out again, in seconds since the epoch."""
    tries: int = 0
    error: str = ""


@dataclass(slots=True)
class MemoryGroup:
    """How far one group has come."""

    position: int = 0
    """Everything up to this seq was handed out."""
    held: dict[int, Held] = field(default_factory=dict)
    """What of that is not settled, by seq."""

    def due_at(self, now: float, most: int) -> list[int]:
        """The seqs of up to `most` that are due, in order."""
        return sorted(seq for seq, held in self.held.items() if held.due <= now)[:most]

    def hold(self, seq: int, due: float) -> Held:
        """It is handed out."""
        held = self.held.setdefault(seq, Held(due))
        held.due = due
        held.tries += 1
        return held

    def forget(self, through: int) -> None:
        """What is up to this seq is no more."""
        self.position = max(self.position, through)
        for seq in [seq for seq in self.held if seq <= through]:
            del self.held[seq]
