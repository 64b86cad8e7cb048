"""The exit status of a daemon that ends by itself.

twistd's own is 0, whatever has happened, and whatever is raised in its reactor it only logs.
"""

from __future__ import annotations

import atexit
import os
import sys

_status = 0


def fail(status: int) -> None:
    """End the process with `status`, once it has come to its end."""
    global _status
    _status = status


@atexit.register  # early, and so run after what the user's modules have registered
def _apply() -> None:
    if _status:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
        os._exit(_status)
