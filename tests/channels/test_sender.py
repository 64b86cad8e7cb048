"""Who has published a message."""

from __future__ import annotations

import pytest

from protocols.channels.sender import sender_of
from protocols.session import Peer


@pytest.mark.parametrize(
    ("peer", "sender"),
    [
        (Peer("tcp", "192.0.2.1", 5000, user="pump-1"), "pump-1"),
        (Peer("tcp", "192.0.2.1", 5000), str(Peer("tcp", "192.0.2.1", 5000))),
        (Peer("unix", user=""), str(Peer("unix"))),
    ],
)
def test_its_identity_or_where_it_comes_from(peer, sender):
    assert sender_of(peer) == sender
