"""``wsgi.errors``: what an application says besides its answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable

LONGEST = 8 * 1024
"""Characters of one line of the log; what is longer becomes several."""


class ErrorLog:
    """A text stream whose lines are handed to `report`, in whatever thread they are written.

    Several threads may write at a time; a line is what one call writes up to its end.
    """

    encoding = "utf-8"

    def __init__(self, report: Callable[[str], None]) -> None:
        self._report = report
        self._begun = ""

    def write(self, text: str) -> int:
        begun, self._begun = self._begun, ""
        *lines, rest = f"{begun}{text}".split("\n")
        for line in lines:
            self._say(line)
        if len(rest) > LONGEST:
            self._say(rest)
        else:
            self._begun = rest
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        self.write("".join(lines))

    def flush(self) -> None:
        begun, self._begun = self._begun, ""
        self._say(begun)

    def _say(self, line: str) -> None:
        for start in range(0, len(line.rstrip()), LONGEST):
            self._report(line[start : start + LONGEST].rstrip())
