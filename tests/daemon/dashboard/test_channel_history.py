"""What the last minutes of a channel were like."""

from __future__ import annotations

from protocols.daemon.control.channel_status import ChannelStatus
from protocols.daemon.dashboard.channel_history import ChannelHistory
from protocols.daemon.dashboard.history import History


def channel(name="readings", **counts) -> ChannelStatus:
    return ChannelStatus(name=name, counts=counts)


def test_rates_are_known_from_the_second_sample_on():
    history = ChannelHistory()
    history.record(channel(published=10), 0.0, 0)
    assert history.rates.now("published") is None
    history.record(channel(published=14, delivered=8), 2.0, 2)
    assert history.rates.of("published") == (2.0, 2.0)
    assert history.rates.now("delivered") == 4.0
    history.record(channel(published=1), 1.0, 1)
    assert history.rates.now("published") == 0.0, "a worker has died, and its counts with it"


def test_a_channel_that_goes_is_forgotten(made):
    history = History()
    for at, channels in enumerate([(channel(published=1),), (channel(published=3),), ()]):
        history.record(made.status(channels=channels), at)
        if at == 1:
            assert history.channel("readings").rates.of("published") == (2.0,)
    assert history.channel("readings").rates.of("published") == ()
