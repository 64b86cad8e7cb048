"""What one group has been handed out of a log."""

from __future__ import annotations

from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from typing import Final

SPARE: Final = 64
"""Times that stand in the list of what is due, and mean nothing any more, before it is made anew."""


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
    _times: list[tuple[float, int]] = field(default_factory=list)
    """When each was to be handed out again, the next first; it counts if :attr:`held` says the same."""

    def hold(self, seq: int, due: float) -> Held:
        """It is handed out."""
        held = self.held.setdefault(seq, Held(due))
        held.tries += 1
        self._due_at(seq, held, due)
        return held

    def give_back(self, seq: int, error: str, due: float) -> None:
        """It is to be handed out again, then."""
        held = self.held.get(seq)
        if held is not None:
            held.error = error
            self._due_at(seq, held, due)

    def due_at(self, now: float, most: int) -> list[int]:
        """The seqs of up to `most` that are due; whoever takes them holds them anew."""
        seqs: dict[int, None] = {}  # one may stand twice at the same time
        while len(seqs) < most:
            due = self.next_due()
            if due is None or due > now:
                break
            seqs[heappop(self._times)[1]] = None
        return list(seqs)

    def next_due(self) -> float | None:
        """When the next is to be handed out again; ``None``: nothing is held."""
        times, held = self._times, self.held
        while times:
            due, seq = times[0]
            found = held.get(seq)
            if found is not None and found.due == due:
                return due
            heappop(times)
        return None

    def forget(self, through: int) -> None:
        """What is up to this seq is no more."""
        self.position = max(self.position, through)
        for seq in [seq for seq in self.held if seq <= through]:
            del self.held[seq]

    def _due_at(self, seq: int, held: Held, due: float) -> None:
        held.due = due
        if len(self._times) > 2 * len(self.held) + SPARE:
            self._times = [(one.due, number) for number, one in self.held.items()]
            heapify(self._times)
        else:
            heappush(self._times, (due, seq))
