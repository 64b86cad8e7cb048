"""Framings: how a stream of bytes becomes messages, and messages a stream of bytes.

The words of this package:

*message*
    The bytes a handler is given, or gives back: what the framing carries, without its dressing.
*framing*
    An immutable description of that dressing (:class:`Framing`).  One serves every connection.
*decoder*
    The receiving half of one connection (:class:`Decoder`): it is fed bytes and returns messages.
*ending*, *delimiter*, *header*
    The dressing: what stands after a message, or in front of it.
*limit*
    The longest message a decoder accepts, in bytes, its dressing not counted.  A longer one is a
    :class:`FramingError` before it is held in memory.  Limits bound what a peer can make us hold,
    so ``encode`` does not look at them.
*partial*
    The bytes a decoder holds of a message that is not complete yet.

Nothing here reads or writes: a decoder is a pure function of the bytes it was fed, whatever the
pieces they came in, and its work is proportional to their number.
"""

from protocols.framing.contract import Decoder, Framing, FramingError
from protocols.framing.delimited import Delimited
from protocols.framing.encoded import encoded
from protocols.framing.fixed import Fixed
from protocols.framing.length import Length
from protocols.framing.lines import Lines
from protocols.framing.netstring import Netstring
from protocols.framing.raw import Raw

__all__ = [
    "Decoder",
    "Delimited",
    "Fixed",
    "Framing",
    "FramingError",
    "Length",
    "Lines",
    "Netstring",
    "Raw",
    "encoded",
]
