"""Rules in order, and what they decide."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from protocols.guard.access.facts import Facts
from protocols.guard.access.selector import Selector


@dataclass(frozen=True, slots=True)
class Rule:
    """Allows those whom `selector` means, or refuses them."""

    allows: bool
    selector: Selector
    text: str = ""
    """As the operator wrote it."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided, and by which rule."""

    allowed: bool | None
    """``None``: that depends on what is not known yet."""
    index: int | None = None
    """Which rule it was; ``None``: none of them, so that which is said of everybody else."""

    @property
    def is_pending(self) -> bool:
        return self.allowed is None

    @property
    def is_refused(self) -> bool:
        return self.allowed is False


class Access:
    """The first rule that matches decides.

    Whom none is about may come in, unless some rule allows: who names those who may has named all of them.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = tuple(rules)
        self.otherwise = not any(rule.allows for rule in self.rules)
        """What becomes of those whom no rule is about."""

    def decide(self, facts: Facts) -> Decision:
        """Whether who is known by `facts` may come in.

        It is decided as soon as nothing that may still turn up could change it.
        """
        open_to: set[bool] = set()  # what rules would decide of which nobody can say whether they match
        for index, rule in enumerate(self.rules):
            matched = rule.selector.matches(facts)
            if matched is None:
                open_to.add(rule.allows)
            elif matched:
                return self._settled(rule.allows, index, open_to)
        return self._settled(self.otherwise, None, open_to)

    @staticmethod
    def _settled(allowed: bool, index: int | None, open_to: set[bool]) -> Decision:
        return Decision(None) if open_to - {allowed} else Decision(allowed, index)

    def shadowed(self) -> Iterator[tuple[int, int]]:
        """Rules that never decide anything, because an earlier one is about all whom they are about: their
        index, and that of the earlier one."""
        for later, rule in enumerate(self.rules):
            for earlier in range(later):
                if self.rules[earlier].selector.covers(rule.selector):
                    yield later, earlier
                    break

    @property
    def asks_who(self) -> bool:
        """Whether some rule is about users, whom HTTP knows only request by request."""
        return any(rule.selector.users is not None for rule in self.rules)

    @property
    def asks_certificate(self) -> bool:
        """Whether some rule is about certificates, which are known once TLS has shaken hands."""
        return any(rule.selector.certificates is not None for rule in self.rules)

    @property
    def asks_when(self) -> bool:
        """Whether some rule is about hours, so that what is decided now may be decided otherwise later."""
        return any(rule.selector.hours is not None for rule in self.rules)
