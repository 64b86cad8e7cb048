"""What is printed of channels."""

from __future__ import annotations

from protocols.daemon.command.channel_table import channel_lines
from protocols.daemon.control.channel_status import ChannelStatus, ForwardStatus, GroupStatus

NOW = 1_800_000_000.0


def lines(*channels: ChannelStatus) -> list[str]:
    return channel_lines(channels, NOW)


def test_nothing():
    assert lines() == []


def test_slow_readers_are_told_of_where_there_were_any():
    readings = ChannelStatus(name="readings", store="memory", counts={"dropped": 12_000, "waited": 0})
    news = ChannelStatus(name="news", store="memory", counts={"disconnected": 2})
    assert [line[-18:] for line in lines(readings, news)] == [
        "OUT  DEAD  MISSED  CUT"[-18:],
        "  0     0     12k    0"[-18:],
        "  0     0       0    2"[-18:],
    ]
    assert "WAITED" in lines(ChannelStatus(name="a", counts={"waited": 1}))[0]


def test_everything():
    orders = ChannelStatus(
        name="orders\x1b",
        store="sqlite",
        first=3,
        last=12_342,
        messages=12_340,
        octets=4 << 20,
        oldest=NOW - 6 * 86_400,
        newest=NOW - 2,
        subscribers=3,
        letters=2,
        counts={"published": 12_342, "delivered": 37_012},
        groups=(GroupStatus(name="billing", position=12_340, lag=2, claimed=1, members=2),),
        forwards=(
            ForwardStatus(name="crm", to="https://crm.example", counts={"delivered": 9, "failed": 2}),
            ForwardStatus(name="mirror", to="tcp://a:1", failing_since=NOW - 90, error="refused"),
        ),
        trouble="the disk is full",
    )
    assert lines(orders, ChannelStatus(name="empty", store="nats")) == [
        "CHANNEL     STORE   MESSAGES   SIZE    SEQ  OLDEST  NEWEST  SUBS     IN    OUT  DEAD",
        r"orders\x1b  sqlite     12.3k  4 MiB  12342     6 d     2 s     3  12.3k  37.0k     2",
        "empty       nats           0    0 B      0       -       -     0      0      0     0",
        "",
        "GROUP    OF          MEMBERS  POSITION  LAG  HELD",
        r"billing  orders\x1b        2     12340    2     1",
        "",
        "FORWARD  OF          SENT  FAILED  DEAD  TO",
        r"crm      orders\x1b     9       2     0  https://crm.example",
        r"mirror   orders\x1b     0       0     0  tcp://a:1",
        "",
        r"warning: orders\x1b: the disk is full",
        r"warning: orders\x1b has not reached mirror for 1 min 30 s: refused",
    ]
