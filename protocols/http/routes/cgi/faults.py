"""What a script can do wrong."""

from __future__ import annotations

from protocols.session import ForeseenError


class ScriptError(ForeseenError):
    """A script that does not answer as RFC 3875 wants it: for the operator's log, never for the client."""
