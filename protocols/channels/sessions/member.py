"""A member of a group that answers to each message it is given."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from protocols.channels.errors import RefusedError, UnavailableError
from protocols.channels.form import Form
from protocols.channels.groups import Group, Membership
from protocols.channels.message_json import as_json
from protocols.channels.refusal import REFUSAL
from protocols.channels.store import Claim
from protocols.session import Connection, dismiss_by

UNANSWERED: Final = 1024
"""Messages that a member may have been given without an answer, those others got meanwhile included: one
that never answers shall not have us remember all of them."""

UNCARRIED: Final = "the connection of a member cannot carry it"
"""Why a message is given back that was not even sent."""


class MemberSession:
    """One peer that deals with messages of `group`.

    Whatever it says settles the oldest message that it was given and has not answered; what begins with
    ``ERR`` gives that back, with the words behind it.
    """

    def __init__(self, group: Group, connection: Connection, form: Form) -> None:
        self._group = group
        self._connection = connection
        self._form: Form = form
        self._given: deque[int] = deque()
        self._uncarried: list[int] = []
        self._membership: Membership | None = None
        self._is_blocked = False
        self._is_over = False

    @property
    def busy(self) -> bool:
        return not self._is_blocked

    def started(self) -> None:
        try:
            self._membership = self._group.join(self)
        except UnavailableError as error:
            dismiss_by(self._connection)(str(error))
            return
        self._give_back_uncarried()  # it may have been given some by now
        if self._is_over:
            self._leave()

    def received(self, message: bytes) -> None:
        """An answer."""
        self.received_many((message,), [])

    def received_many(self, messages: Sequence[bytes], replies: list[bytes]) -> None:
        """As :meth:`received` for each (see :class:`~protocols.session.BatchSession`)."""
        membership = self._membership
        if membership is None:
            return
        settled: list[int] = []
        for message in messages:
            if not self._given:
                self._connection.reject(RefusedError("an answer, and no message is unanswered"))
            elif message.startswith(REFUSAL):
                membership.give_back(self._given.popleft(), words_of_refusal(message))
            else:
                settled.append(self._given.popleft())
        if settled:
            membership.settle(settled)

    def ended(self, error: Exception | None) -> None:
        self._leave()
        self._connection.close()

    def closed(self, reason: Exception | None) -> None:
        self._leave()

    def pause_writing(self) -> None:
        """It has no more messages at a time than a member may have."""
        self._is_blocked = True

    def resume_writing(self) -> None:
        self._is_blocked = False

    # -- for the group (Member) ------------------------------------------------------------------------

    def claimed(self, claims: Sequence[Claim]) -> None:
        if self._is_over:
            return
        for claim in claims:
            seq = claim.message.seq
            is_carried = is_sent(self._connection, CLAIM_FORMS[self._form], claim)
            (self._given if is_carried else self._uncarried).append(seq)
        self._give_back_uncarried()
        if len(self._given) > UNANSWERED:
            self._connection.reject(RefusedError(f"{UNANSWERED} messages are unanswered"))
            self._leave()
            self._connection.close()

    def cut_off(self, reason: str) -> None:
        self._membership = None
        self._is_over = True
        dismiss_by(self._connection)(reason)

    def _give_back_uncarried(self) -> None:
        if self._membership is not None:
            for seq in self._uncarried:
                self._membership.give_back(seq, UNCARRIED)
            self._uncarried.clear()

    def _leave(self) -> None:
        self._is_over = True
        membership, self._membership = self._membership, None
        if membership is not None:
            membership.leave()


def is_sent(connection: Connection, renders: Sequence[Callable[[Claim], bytes]], claim: Claim) -> bool:
    """Send `claim` in the first of those forms that `connection` can carry; whether there is one."""
    for render in renders:
        try:
            connection.send(render(claim))
        except ValueError:
            continue
        return True
    return False


def claim_json(claim: Claim) -> bytes:
    """The message as JSON, with ``tries``: how often it was handed out."""
    return b'{"tries":%d,%b' % (claim.tries, as_json(claim.message)[1:])


CLAIM_FORMS: Final[dict[Form, tuple[Callable[[Claim], bytes], ...]]] = {
    "body": (lambda claim: claim.message.body, claim_json),
    "json": (claim_json,),
}
"""How a claim is sent in each form: the first that a carrier's framing can carry."""


def words_of_refusal(message: bytes) -> str:
    """Why a message is given back."""
    text = message.decode("utf-8", "replace")
    return text.partition(" ")[2].strip() or text
