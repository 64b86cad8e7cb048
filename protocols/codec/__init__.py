"""Message bytes to typed values and back, chosen by a function's annotation.

:func:`codec_for` is called once, when a function is loaded; the codec it returns is immutable and
serves every message after that, from any thread.
"""

from protocols.codec.contract import Codec, DecodeError, Fault
from protocols.codec.table import CODECS, codec_for

__all__ = ["CODECS", "Codec", "DecodeError", "Fault", "codec_for"]
