"""The channels on the screen of ``polyport top``."""

from __future__ import annotations

from io import StringIO

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from protocols.daemon.command.top_channels import HEAD, channel_rows, channel_table, lines_of
from protocols.daemon.command.top_view import Looks, View, room
from protocols.daemon.control.channel_status import ChannelStatus, GroupStatus
from protocols.daemon.control.status import ServiceStatus, Status


def channel(name: str, published: int = 0, delivered: int = 0, **known) -> ChannelStatus:
    return ChannelStatus(name=name, counts={"published": published, "delivered": delivered}, **known)


def drawn(what, height: int = 40) -> list[str]:
    console = Console(file=StringIO(), width=80, height=height)
    console.print(what)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def test_the_busiest_comes_first():
    before = [channel("a", 10), channel("b", 10, 10)]
    after = [channel("a", 20), channel("b", 14, 40), channel("new", 99)]
    rows = channel_rows(before, after, 2.0)
    assert [(row.channel.name, row.published, row.delivered) for row in rows] == [
        ("b", 2.0, 15.0),
        ("a", 5.0, 0.0),
        ("new", 0.0, 0.0),
    ]


def test_a_process_that_is_new_has_not_taken_anything_back():
    (row,) = channel_rows([channel("a", 10)], [channel("a", 1)], 1.0)
    assert row.published == 0.0


def test_a_table():
    one = channel(
        "orders\x1b",
        subscribers=3,
        letters=2,
        messages=12_345,
        octets=1 << 20,
        groups=(GroupStatus(name="a", lag=7), GroupStatus(name="b", lag=1500)),
    )
    header, first, second = drawn(channel_table(channel_rows([], [one, channel("quiet")], 1.0)))
    assert header.split() == ["CHANNEL", "SUBS", "PUB/s", "OUT/s", "DROP/s", "LAG", "DEAD", "MSGS", "SIZE"]
    assert first.split() == [r"orders\x1b", "3", "0", "0", "0", "1.5k", "2", "12.3k", "1", "MiB"]
    assert second.split()[:6] == ["quiet", "0", "0", "0", "0", "-"]


@given(st.integers(0, 40), st.integers(0, 40), st.integers(8, 60))
def test_it_fits_with_services_and_channels(services, channels, height):
    def status():
        return Status(
            version="1",
            pid=1,
            started=0.0,
            config="polyport.yaml",
            workers=(),
            services=tuple(
                ServiceStatus(name=f"service-{number}", answers="", addresses=())
                for number in range(services)
            ),
            channels=tuple(channel(f"channel-{number}") for number in range(channels)),
        )

    looks = Looks()
    looks.add(status(), 1.0)
    looks.add(status(), 2.0)
    lines = drawn(looks.screen(View(), 10.0, height), height)
    assert len(lines) <= height
    assert sum("service-" in line for line in lines) == min(services, room(height, channels))
    shown = max(0, lines_of(channels, height - 5) - HEAD)
    assert sum("channel-" in line for line in lines) == shown
    assert shown <= channels
