"""Whether what this package uses of Twisted is there."""

from __future__ import annotations


def obstacle() -> str | None:
    """Why our reactor and ports cannot run here: no epoll, or a Twisted whose inside has changed."""
    try:
        from protocols.reactor.twisted_internals import missing
    except ImportError as error:
        return str(error)
    changed = ", ".join(missing())
    return f"this Twisted has no {changed}" if changed else None
