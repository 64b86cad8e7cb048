"""What became of one attempt to pass a message on."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final, Literal, NamedTuple, TypeAlias

Kind: TypeAlias = Literal["passed", "refused", "failed", "busy", "unreachable"]
"""``passed``: the target has it.  ``refused``: it does not want it, and never will.  ``failed``: the attempt
was made, and another may do better.  ``busy``: the target has asked to be left alone for a while, and
``unreachable``: there is no connection; neither says anything of the message, nor uses up a try of it."""


class Outcome(NamedTuple):
    """What became of it, and why."""

    kind: Kind
    error: str = ""
    """In one line, for operators; never a secret."""
    wait: float = 0.0
    """Seconds that the target wants to be left alone."""


PASSED: Final = Outcome("passed")

FINAL: Final = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.NOT_ACCEPTABLE,
        HTTPStatus.GONE,
        HTTPStatus.LENGTH_REQUIRED,
        HTTPStatus.PRECONDITION_FAILED,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.REQUEST_URI_TOO_LONG,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        HTTPStatus.EXPECTATION_FAILED,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.UPGRADE_REQUIRED,
        HTTPStatus.PRECONDITION_REQUIRED,
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
        HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS,
    }
)
"""Statuses that the same message gets again however often it is sent, as their definitions have it (RFC 9110,
section 15.5; RFC 6585; RFC 7725).

Not those that somebody who mends the target, or what we prove to it, makes go away (401, 403, 404, 405, 407
…), nor those that say that it may be otherwise later (408, 409, 423, 425, 429 …).
"""


def of_status(status: int, error: str, wait: float = 0.0) -> Outcome:
    """What a status of HTTP says.  A redirection that is not followed is a failure: it is no answer.

    :param error: the status and the beginning of the answer, for operators.
    :param wait: what its ``Retry-After`` says, in seconds.
    """
    if 200 <= status < 300:
        return PASSED
    if status in FINAL:
        return Outcome("refused", error)
    return Outcome("busy" if status == HTTPStatus.TOO_MANY_REQUESTS else "failed", error, wait)
