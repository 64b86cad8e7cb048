"""What programs may, and as whom."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Confinement:
    """What the programs of one runner are made, before they run; ``None`` is what the daemon is."""

    uid: int | None = None
    gid: int | None = None
    groups: tuple[int, ...] = ()
    """The supplementary ones, if `gid` says anything."""
    umask: int | None = None
    nice: int = 0
    """From -20, before all others, to 19, behind them."""
    no_new_privileges: bool = True
    """Whether nothing that they run, setuid or not, gets more than they have (prctl(2))."""
    rlimits: Mapping[int, int] = field(default_factory=dict)
    """``RLIMIT_*`` to the value, soft and hard (setrlimit(2))."""

    @property
    def needs_root(self) -> bool:
        """Whether only root can do it, as this process is now."""
        another = self.uid is not None and os.getresuid() != (self.uid,) * 3
        group = self.gid is not None and os.getresgid() != (self.gid,) * 3
        return another or group or self.nice < 0

    def settings(self, patience: float) -> dict[str, Any]:
        """What the spawner is told; `patience` is what programs have to end in once the daemon is gone."""
        return {
            "uid": self.uid,
            "gid": self.gid,
            "groups": list(self.groups),
            "umask": self.umask,
            "nice": self.nice,
            "no_new_privileges": self.no_new_privileges,
            "patience": patience,
        }


UNCONFINED = Confinement(no_new_privileges=False)
"""As the daemon itself."""
