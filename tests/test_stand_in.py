from __future__ import annotations

from twisted.internet.protocol import Protocol

from protocols.stand_in import StandIn


def test_who_is_stood_for_through_others():
    outer, inner, last = StandIn(), StandIn(), Protocol()
    assert not outer.stands_for(last)
    outer.stand_for(inner)
    assert not outer.stands_for(last)
    inner.stand_for(last)
    assert outer.stands_for(last)
    assert outer.stands_for(inner)
    assert not inner.stands_for(outer)
