"""Hours of the day, on some days of the week."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

DAY_MINUTES: Final = 24 * 60

_DAY = "|".join(DAYS)
_WRITTEN = re.compile(
    rf"(?:(?P<first>{_DAY})(?:-(?P<last>{_DAY}))?[ ]+)?"
    r"(?P<begin>(?:[01]\d|2[0-3]):[0-5]\d)-(?P<end>(?:[01]\d|2[0-3]):[0-5]\d|24:00)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Hours:
    """From `begin` to just before `end`, in minutes of the day; past midnight where `end` is the smaller.

    A night belongs to the day on which it begins: ``fri 22:00-06:00`` ends on Saturday morning.
    """

    begin: int
    end: int
    days: frozenset[int] = frozenset(range(7))
    """Monday is 0."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``08:00-18:00``, ``mon-fri 08:00-18:00`` or ``sat 22:00-06:00``.

        Raises :class:`ValueError`.
        """
        found = _WRITTEN.fullmatch(text.strip())
        if found is None:
            raise ValueError(f"{text!r} is no time such as 08:00-18:00 or mon-fri 22:00-06:00")
        begin, end = _minutes(found["begin"]), _minutes(found["end"])
        if begin == end:
            raise ValueError(f"{text!r} is no time at all; 00:00-24:00 is the whole day")
        return cls(begin, end, _days(found["first"], found["last"]))

    def covers(self, moment: datetime) -> bool:
        """Whether `moment` is within."""
        minute, day = moment.hour * 60 + moment.minute, moment.weekday()
        if self.begin < self.end:
            return day in self.days and self.begin <= minute < self.end
        if minute >= self.begin:
            return day in self.days
        return minute < self.end and (day - 1) % 7 in self.days

    def minutes(self) -> Iterator[int]:
        """The minutes of the week that are within, from Monday's first, 0."""
        length = (self.end - self.begin) % DAY_MINUTES or DAY_MINUTES
        for day in self.days:
            first = day * DAY_MINUTES + self.begin
            yield from (minute % (7 * DAY_MINUTES) for minute in range(first, first + length))

    def __str__(self) -> str:
        days = "" if len(self.days) == 7 else ",".join(DAYS[day] for day in sorted(self.days)) + " "
        return f"{days}{_clock(self.begin)}-{_clock(self.end)}"


def _minutes(text: str) -> int:
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _days(first: str | None, last: str | None) -> frozenset[int]:
    if first is None:
        return frozenset(range(7))
    begin = DAYS.index(first.lower())
    end = begin if last is None else DAYS.index(last.lower())
    return frozenset((begin + offset) % 7 for offset in range((end - begin) % 7 + 1))
