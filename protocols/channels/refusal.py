"""The word that says no, whoever says it: we to a publisher, a member of a group or a target to us."""

from __future__ import annotations

from typing import Final

REFUSAL: Final = b"ERR"
"""What an answer begins with to a message that was not taken."""
