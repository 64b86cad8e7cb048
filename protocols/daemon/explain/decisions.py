"""What the rules of one ``access`` say, and where they stand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from protocols.daemon.access_rules import written_rules
from protocols.daemon.explain.explanation import Step
from protocols.daemon.origin import Origin
from protocols.daemon.problems import Path
from protocols.daemon.redaction import SECRET
from protocols.daemon.spec.access import AccessSpec
from protocols.guard.access import Admission
from protocols.session import Peer


@dataclass(frozen=True, slots=True)
class WrittenAccess:
    """An ``access``, which stands at `path`."""

    spec: AccessSpec
    path: Path
    origin: Origin

    def step(self, topic: str, admission: Admission, peer: Peer, moment: datetime) -> Step:
        """What `admission`, which has been made from this, decides about `peer`."""
        decision = admission.decide(peer, moment)
        here = str(self.origin.place(self.path, key=True))
        if decision is None:
            return Step(topic, "not asked about a trusted proxy, but about its requests", here)
        if decision.allowed is None:
            return Step(topic, "not decided yet: it depends on who that turns out to be", here)
        verdict = "allowed" if decision.allowed else "refused"
        if decision.index is None:
            why = "no rule is about it" if decision.allowed else "no rule allows it"
            return Step(topic, f"{verdict}: {why}", here, decision.allowed)
        rule = written_rules(self.spec)[decision.index]
        path = (*self.path, *rule.path)
        shown = SECRET if self.origin.hides(self.origin.known(path)) else str(rule)
        return Step(topic, f"{verdict} by a rule: {shown}", str(self.origin.place(path)), decision.allowed)
