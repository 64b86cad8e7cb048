"""permessage-deflate (RFC 7692), with windows that cost little."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from websockets.exceptions import NegotiationError
from websockets.extensions import Extension
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.headers import build_extension
from websockets.typing import ExtensionHeader

WINDOW: Final = 12
"""Bits of the window: 4 KiB hold a few messages of the size that most have, which is where likeness is found.
With :data:`MEMORY` a connection costs some 50 KiB; zlib's own defaults would cost 300 KiB."""

MEMORY: Final = 5
"""zlib's memLevel: 2 to the power of this plus nine bytes of tables."""

_FACTORY: Final = ServerPerMessageDeflateFactory(
    server_max_window_bits=WINDOW,
    client_max_window_bits=WINDOW,
    compress_settings={"memLevel": MEMORY},
)


def negotiate(offered: Iterable[ExtensionHeader]) -> tuple[list[Extension], str]:
    """What is agreed on of the extensions `offered`, and the header field that says so, or nothing.

    A client that does not let its window be made smaller compresses with the full one, and then a connection
    costs some 70 KiB.
    """
    for name, parameters in offered:
        if name == _FACTORY.name:
            try:
                agreed, extension = _FACTORY.process_request_params(parameters, [])
            except NegotiationError:
                continue
            return [extension], build_extension([(name, agreed)])
    return [], ""
