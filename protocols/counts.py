"""What is counted of one service."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Final


@dataclass(slots=True)
class Counts:
    """Totals since the service started.

    What is counted of every message is counted by the read: nothing is decided for each.
    """

    connections: int = 0
    """Stream connections accepted."""
    refused: int = 0
    """Stream connections closed at once because ``limits.connections`` was reached."""
    messages: int = 0
    """Messages received: of streams, and of WebSockets."""
    datagrams: int = 0
    """Datagrams received."""
    requests: int = 0
    """HTTP requests whose header was read whole."""
    bytes_in: int = 0
    """Bytes received on streams, as datagrams and as HTTP with its heads; inside of TLS."""
    bytes_out: int = 0
    """Bytes sent, as those received."""
    responses: list[int] = field(default_factory=lambda: [0] * 6)
    """HTTP responses begun, by the hundred of their status: the fourth is how many said 300 to 399."""
    framing_errors: int = 0
    """Connections whose bytes stopped making sense."""
    rejected: int = 0
    """Messages whose content was not what the function takes."""
    failures: int = 0
    """Errors of the handler."""
    oversize: int = 0
    """Datagrams dropped because they were longer than the limit, or cut by the kernel."""
    overload: int = 0
    """Datagrams dropped because too many were being answered."""
    over: dict[str, int] = field(default_factory=dict)
    """How often a connection or datagram had to wait, or was refused, because its source was over a limit of
    its own; by the name of that."""
    shut_out: int = 0
    """Sources that were refused altogether for a while because they would not stop."""
    kernel_drops: int = 0
    """Datagrams that the kernel dropped because they came faster than they were read."""
    choked: int = 0
    """Connections closed because their peers did not read what a handler went on saying."""
    denied: int = 0
    """Connections, datagrams and HTTP requests that the rules of ``access`` refused."""
    failed_logins: int = 0
    """HTTP requests whose password or token was wrong."""
    limited: int = 0
    """HTTP requests refused because their source, or user, asked too often."""
    failed_handshakes: int = 0
    """TLS handshakes that came to nothing."""
    late_handshakes: int = 0
    """TLS handshakes that took too long."""
    dropped_handshakes: int = 0
    """TLS handshakes broken off because too many were under way."""
    unsent: int = 0
    """Reply datagrams that the kernel did not take, or whose sender has no address."""

    def as_dict(self) -> dict[str, int]:
        """All that are single numbers, by their names, and the responses as ``responses_2xx`` and so on; not
        :attr:`over`, whose names are those of limits."""
        numbers: dict[str, int] = {}
        for name in _NAMES:
            value = getattr(self, name)
            if name == "responses":
                numbers |= {f"responses_{hundred}xx": value[hundred] for hundred in range(1, 6)}
            else:
                numbers[name] = value
        return numbers


_NAMES: Final = tuple(one.name for one in fields(Counts) if one.name != "over")
