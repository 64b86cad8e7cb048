"""What it costs to cut a read into messages, beside Twisted's own receivers.

Usage: ``python benchmarks/framing.py [--repeats N]``.  Each figure is the median of some repeats of
nanoseconds for one message, when messages of one length arrive in reads of 64 KiB; the ratio is the
peer's time divided by ours.  No reactor runs: the reads are handed to the decoder, and to the
peer's ``dataReceived`` over a transport that does nothing.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from twisted.internet.testing import StringTransport
from twisted.protocols.basic import (
    Int32StringReceiver,
    LineOnlyReceiver,
    LineReceiver,
    NetstringReceiver,
)

# A script finds modules beside itself; the package is beside the script's folder.
sys.path.append(str(Path(__file__).resolve().parents[1]))

from protocols.framing import Delimited, Fixed, Framing, Length, Lines, Netstring, Raw

READ = 64 * 1024
LENGTHS = (16, 100, 1000)
READS = 16
HEADINGS = ("framing", "bytes", "ns/message", "peer", "peer ns/message", "peer/polyport")


class CountedLines(LineReceiver):
    """Takes lines and only counts them; so do the three below, with what they take."""

    count = 0

    def lineReceived(self, line: bytes) -> None:
        self.count += 1


class CountedOnlyLines(LineOnlyReceiver):
    count = 0

    def lineReceived(self, line: bytes) -> None:
        self.count += 1


class CountedInt32Strings(Int32StringReceiver):
    count = 0

    def stringReceived(self, string: bytes) -> None:
        self.count += 1


class CountedNetstrings(NetstringReceiver):
    count = 0

    def stringReceived(self, string: bytes) -> None:
        self.count += 1


Peer = type[CountedLines | CountedOnlyLines | CountedInt32Strings | CountedNetstrings]


@dataclass(frozen=True, slots=True)
class Subject:
    """A framing, and what Twisted has for the same bytes on the wire."""

    name: str
    framing: Framing
    peers: tuple[Peer, ...] = ()


def subjects(length: int) -> list[Subject]:
    """What is measured with messages of `length` bytes."""
    line_peers = (CountedLines, CountedOnlyLines)
    return [
        Subject("lines any (LF)", Lines()),
        Subject("lines any (CR LF)", CarriageReturns(), line_peers),
        Subject("lines crlf", Lines("crlf"), line_peers),
        Subject("delimited NUL", Delimited(b"\0")),
        Subject("length 4", Length(), (CountedInt32Strings,)),
        Subject("netstring", Netstring(), (CountedNetstrings,)),
        Subject("fixed", Fixed(length)),
        Subject("raw", Raw()),
    ]


class CarriageReturns:
    """Lines that may end in LF or CR LF, from a peer that sends CR LF."""

    decoder = Lines().decoder
    encode = Lines("crlf").encode


def decode(framing: Framing, reads: Sequence[bytes]) -> tuple[int, int]:
    """Nanoseconds and messages, when a decoder is fed the `reads` and each message is counted."""
    feed = framing.decoder().feed
    count = 0
    before = time.perf_counter_ns()
    for data in reads:
        for _ in feed(data):
            count += 1
    return time.perf_counter_ns() - before, count


def receive(peer: Peer, reads: Sequence[bytes]) -> tuple[int, int]:
    """Nanoseconds and messages, when Twisted's receiver is given the `reads`."""
    receiver = peer()
    # Twisted does not annotate these two.
    connect: Callable[[StringTransport], None] = receiver.makeConnection
    data_received: Callable[[bytes], None] = receiver.dataReceived
    connect(StringTransport())
    before = time.perf_counter_ns()
    for data in reads:
        data_received(data)
    return time.perf_counter_ns() - before, receiver.count


def per_message(works: Sequence[Callable[[], tuple[int, int]]], repeats: int, expected: int) -> list[float]:
    """The median cost of a message in each of `works`, which take turns."""
    figures: list[list[float]] = [[] for _ in works]
    for _ in range(repeats):
        for work, costs in zip(works, figures, strict=True):
            spent, count = work()
            if count != expected:
                raise RuntimeError(f"{count} messages were received of {expected} that were sent")
            costs.append(spent / count)
    return [median(costs) for costs in figures]


def rows(subject: Subject, length: int, repeats: int) -> list[tuple[str, ...]]:
    """The lines of the table for one framing and one length of message."""
    wire = subject.framing.encode(b"x" * length)
    sent = READ * READS // len(wire)
    stream = wire * sent
    reads = [stream[start : start + READ] for start in range(0, len(stream), READ)]
    # Raw takes each read for a message, whatever was sent.
    expected = len(reads) if isinstance(subject.framing, Raw) else sent
    works: list[Callable[[], tuple[int, int]]] = [lambda: decode(subject.framing, reads)]
    for peer in subject.peers:
        works.append(lambda peer=peer: receive(peer, reads))  # type: ignore[misc]  # bound early
    ours, *theirs = per_message(works, repeats, expected)
    first = (subject.name, str(length), f"{ours:.0f}")
    if not theirs:
        return [(*first, "-", "-", "-")]
    return [
        (*first, peer.__mro__[1].__name__, f"{cost:.0f}", f"{cost / ours:.1f}")
        for peer, cost in zip(subject.peers, theirs, strict=True)
    ]


def table(lines: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their widest cell; figures to the right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if index in (0, 3) else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def main() -> None:
    """Measure everything and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=9, help="rounds of each figure (default: 9)")
    repeats = max(1, parser.parse_args().repeats)
    lines: list[tuple[str, ...]] = [HEADINGS]
    for length in LENGTHS:
        for subject in subjects(length):
            lines += rows(subject, length, repeats)
    print(table(lines))


if __name__ == "__main__":
    main()
