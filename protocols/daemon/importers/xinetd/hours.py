"""``access_times``: times of the day as xinetd writes them."""

from __future__ import annotations

import re
from typing import Final

from protocols.daemon.importers.place import ValueFault

_INTERVAL: Final = re.compile(r"([0-9]{1,2}):([0-9]{1,2})-([0-9]{1,2}):([0-9]{1,2})")


def hours_of(text: str) -> str:
    """``2:00-8:59`` as ``02:00-09:00``: xinetd's last minute is in, that of the YAML is not.

    Raises :class:`ValueFault`.
    """
    match = _INTERVAL.fullmatch(text)
    if match is None:
        raise ValueFault(f"a time such as 8:00-17:59 is expected, not {text[:40]!r}")
    begin_hour, begin_minute, end_hour, end_minute = map(int, match.groups())
    begin, end = begin_hour * 60 + begin_minute, end_hour * 60 + end_minute
    # 24:00 stands in the manual's own example.
    if begin_minute > 59 or end_minute > 59 or begin >= end or end > 24 * 60:
        raise ValueFault(f"{text!r} is no time of a day, from its begin to a later end")
    end = min(end + 1, 24 * 60)
    return f"{begin // 60:02}:{begin % 60:02}-{end // 60:02}:{end % 60:02}"
