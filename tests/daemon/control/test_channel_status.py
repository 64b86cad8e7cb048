"""What several processes say of channels, as if they were one."""

from __future__ import annotations

from protocols.daemon.control.channel_status import (
    ChannelStatus,
    ForwardStatus,
    GroupStatus,
    ended_channel,
    merged_channels,
)
from protocols.daemon.control.lasting_counts import LastingCounts


def channel(**known) -> ChannelStatus:
    return ChannelStatus(**{"name": "readings", "store": "sqlite", **known})


def merged(*channels: ChannelStatus) -> ChannelStatus:
    (one,) = merged_channels((each,) for each in channels)
    return one


def test_what_is_kept_is_what_the_one_knows_that_has_heard_most():
    behind = channel(first=1, last=9, messages=9, octets=90, oldest=1.0, newest=9.0)
    ahead = channel(first=3, last=10, messages=8, octets=80, oldest=3.0, newest=10.0)
    for one in (merged(behind, ahead), merged(ahead, behind)):
        assert (one.first, one.last, one.messages, one.octets) == (3, 10, 8, 80)
        assert (one.oldest, one.newest) == (3.0, 10.0)


def test_who_reads_and_what_is_counted_is_added_up():
    one = merged(
        channel(subscribers=2, letters=3, counts={"published": 1, "dead": 1}),
        channel(subscribers=3, letters=3, counts={"published": 4, "dropped": 2}),
    )
    assert (one.subscribers, one.letters) == (5, 3), "all of them see the same letters"
    assert one.counts == {"published": 5, "dead": 1, "dropped": 2}


def test_groups():
    one = merged(
        channel(groups=(GroupStatus(name="billing", position=5, lag=4, claimed=1, members=1),)),
        channel(
            groups=(
                GroupStatus(name="billing", position=7, lag=2, claimed=2, members=3),
                GroupStatus(name="audit", members=1),
            )
        ),
    )
    assert one.groups == (
        GroupStatus(name="billing", position=7, lag=2, claimed=2, members=4),
        GroupStatus(name="audit", members=1),
    )


def test_one_process_sends_messages_on():
    sends = channel(forwards=(ForwardStatus(name="crm", counts={"delivered": 3}),))
    (forward,) = merged(channel(), sends, channel()).forwards
    assert forward.counts == {"delivered": 3}
    failing = ForwardStatus(name="crm", failing_since=5.0, error="refused", counts={"delivered": 1})
    for one in (merged(sends, channel(forwards=(failing,))), merged(channel(forwards=(failing,)), sends)):
        (forward,) = one.forwards
        assert (forward.failing_since, forward.counts) == (5.0, {"delivered": 4})


def test_what_is_wrong_for_one_is_told():
    assert merged(channel(), channel(trouble="the disk is full")).trouble == "the disk is full"


def test_no_total_falls_when_a_process_dies():
    lasting = LastingCounts(merged_channels, ended_channel)
    lasting.heard(0, 10, [channel(last=5, subscribers=2, counts={"published": 5})])
    lasting.heard(0, 20, [channel(last=6, counts={"published": 1})])
    (one,) = lasting.together({0: 20})
    assert (one.counts, one.last, one.subscribers) == ({"published": 6}, 6, 0)


def test_what_was_sent_on_by_a_process_that_is_no_more():
    lasting = LastingCounts(merged_channels, ended_channel)
    old = ForwardStatus(name="crm", to="https://old", failing_since=5.0, counts={"delivered": 3})
    lasting.heard(0, 10, [channel(forwards=(old, ForwardStatus(name="gone")))])
    new = ForwardStatus(name="crm", to="https://new", counts={"delivered": 1})
    lasting.heard(0, 20, [channel(forwards=(new,))])
    (one,) = lasting.together({0: 20})
    assert one.forwards == (new.model_copy(update={"counts": {"delivered": 4}}),)


def test_channels_that_are_removed_are_gone():
    lasting = LastingCounts(merged_channels, ended_channel)
    lasting.heard(0, 10, [channel(counts={"published": 5})])
    lasting.heard(0, 20, [])
    assert lasting.together({0: 20}) == ()
    lasting.heard(0, 20, [channel(counts={"published": 1})])
    (one,) = lasting.together({0: 20})
    assert one.counts == {"published": 1}
