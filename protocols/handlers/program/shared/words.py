"""What is said in words instead of JSON: a verb and whom it is about, and then the content."""

from __future__ import annotations

from protocols.handlers.program.shared.actions import Action, Close, Ids, NonsenseError, Send


def action_of(verb: bytes, whom: bytes, content: bytes, said: bytes) -> Action:
    """What `verb` wants for `whom`: ``1``, ``1,2``, ``all``, or ``all-3,4``, which is all but those.

    :param said: the whole, to show if it makes no sense.

    Raises :class:`NonsenseError`.
    """
    to: Ids | None
    if whom[:3] == b"all":
        to, but = None, _numbers(whom[4:], said) if whom[3:4] == b"-" else ()
        if len(whom) > 3 and not but:
            raise NonsenseError("all, or all-1,2 is expected", said)
    else:
        to, but = _numbers(whom, said), ()
    if verb == b"text":
        return Send(to, content, True, but)
    if verb == b"binary":
        return Send(to, content, False, but)
    if verb == b"close":
        return Close(to, content.decode("utf-8", "replace"), but)
    raise NonsenseError("neither text nor binary nor close", said)


def _numbers(word: bytes, said: bytes) -> Ids:
    if word.isdigit():
        return (int(word),)
    parts = word.split(b",")
    if not all(part.isdigit() for part in parts):
        raise NonsenseError("a client is a number, and several are joined by commas", said)
    return tuple(map(int, parts))
