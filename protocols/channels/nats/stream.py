"""The stream that keeps a channel."""

from __future__ import annotations

from typing import Any, Final

from twisted.logger import Logger

from protocols.channels.errors import UnavailableError
from protocols.channels.nats.connection import SHORT, NATSConnection, RejectedError
from protocols.channels.nats.subjects import Subjects
from protocols.channels.store import Extent

log = Logger(namespace="polyport")

SECOND: Final = 1_000_000_000
"""Nanoseconds, in which JetStream has its durations."""

DUPLICATES: Final = 120.0
"""Seconds for which a stream of ours remembers ids, which takes memory in the servers: JetStream's own
default, and far longer than a publication is sent again."""

NOT_FOUND: Final = 10059
"""JetStream's number for a stream that is not there."""

IN_USE: Final = 10058
"""... and for a name that somebody else took meanwhile."""


OURS: Final = "A channel of Polyport's."
"""What a stream says of itself that we have made, and may change."""


class Stream:
    """The stream `name`, made if it is not there: in files, on `replicas` servers.

    One that is there and was made here is changed where it differs from what is asked for.  One that others
    have made is used as it is, and the log says where it differs.

    :param keep: seconds that messages are kept; 0: for ever.
    :param octets: bytes that are kept; 0: as many as there are.
    :param remembers: seconds for which ids have to be remembered at least.
    """

    def __init__(
        self,
        connection: NATSConnection,
        name: str,
        *,
        replicas: int,
        keep: float,
        octets: int,
        remembers: float,
    ) -> None:
        self.connection = connection
        self.name = name
        self.subjects = Subjects.ours(name)
        window = max(DUPLICATES, 2 * remembers)
        self._config: dict[str, Any] = {
            "name": name,
            "description": OURS,
            "subjects": self.subjects.patterns,
            "retention": "limits",
            "storage": "file",
            "discard": "old",
            "num_replicas": replicas,
            "max_age": round(keep * SECOND),
            "max_bytes": octets or -1,
            "duplicate_window": round((min(window, keep) if keep else window) * SECOND),
            "allow_direct": True,
        }
        self._compared = False

    async def ready(self) -> Extent:
        """See to it that it is there; what it keeps.  Raises :class:`UnavailableError`."""
        try:
            info = await self.connection.api(f"STREAM.INFO.{self.name}", patience=SHORT)
        except RejectedError as error:
            if error.code != NOT_FOUND:
                raise
            try:
                info = await self.connection.api(f"STREAM.CREATE.{self.name}", **self._config)
            except RejectedError as refused:
                if refused.code != IN_USE:
                    raise
                info = await self.connection.api(f"STREAM.INFO.{self.name}")
        subjects = Subjects.of(self.name, info["config"].get("subjects", ()))
        if subjects is None:
            raise UnavailableError(f"the stream {self.name} has no subject that a channel can publish to")
        self.subjects = subjects
        if not self._compared:
            info = await self._adapted(info)
            self._compared = True
        return extent_of(info["state"])

    async def extent(self) -> Extent:
        """What it keeps now."""
        return extent_of((await self.connection.api(f"STREAM.INFO.{self.name}"))["state"])

    async def purge(self, **what: int) -> int:
        """Forget what is before the seq ``seq``, or all but the newest ``keep``; how many that were."""
        purged: int = (await self.connection.api(f"STREAM.PURGE.{self.name}", **what))["purged"]
        return purged

    async def _adapted(self, info: dict[str, Any]) -> dict[str, Any]:
        """The stream as it is from now on: what is ours is made as it was asked for."""
        config = info["config"]
        differs = "; ".join(
            f"{name} is {config.get(name)}, not {wanted}"
            for name, wanted in self._config.items()
            if name not in ("allow_direct", "description") and config.get(name) != wanted
        )
        if not differs:
            return info
        why = "was made by others"
        if config.get("description") == OURS:
            try:
                return await self.connection.api(f"STREAM.UPDATE.{self.name}", **self._config)
            except RejectedError as error:
                why = f"cannot be changed ({error})"
        log.warn(
            "the stream {stream} {why}, and is used as it is: {differs}",
            stream=self.name,
            why=why,
            differs=differs,
        )
        return info


def extent_of(state: dict[str, Any]) -> Extent:
    """What JetStream says of a stream's messages."""
    last, messages = state["last_seq"], state["messages"]
    first = state["first_seq"] if messages else last + 1
    return Extent(max(first, 1), last, messages, state["bytes"])
