"""What the accounts of this machine are called."""

from __future__ import annotations

import pwd
from functools import lru_cache


@lru_cache(maxsize=256)
def account_name(uid: int) -> str:
    """The name of the account `uid`, or the number itself where it has none.

    Once it is known it is kept: where accounts are on another machine to ask for one takes its time, in which
    nobody is served.
    """
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
