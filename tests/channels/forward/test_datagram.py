"""Messages as datagrams, to real sockets on loopback."""

from __future__ import annotations

import pytest
import pytest_twisted
from twisted.internet.protocol import DatagramProtocol

from protocols.channels.forward import Forward, ForwardSettings
from protocols.channels.forward.datagram import DatagramDelivery
from protocols.channels.forward.delivery import UnreachableError
from protocols.channels.message import Message
from protocols.channels.since import ALL
from protocols.handlers.forward import Target


class Hearing(DatagramProtocol):
    noisy = False

    def __init__(self):
        self.heard = []
        self.port = None
        self.number = 0

    def listen(self):
        from twisted.internet import reactor

        self.port = reactor.listenUDP(self.number, self, interface="127.0.0.1")
        self.number = self.port.getHost().port

    def datagramReceived(self, datagram, addr):
        self.heard.append(datagram)
        self.transport.write(b"for nobody", addr)


@pytest.fixture
def hearing():
    made = Hearing()
    made.listen()
    yield made
    if made.port is not None:
        pytest_twisted.blockon(made.port.stopListening())


@pytest.fixture
def forward(real_post, hearing):
    from twisted.internet import reactor

    made = []

    def make(host="127.0.0.1", **settings):
        settings = ForwardSettings(**{"since": ALL, "backoff": 0.02, "longest": 0.05, **settings})
        target = Target("udp", host, hearing.number)
        made.append(
            Forward(
                real_post.channel, "meters", target, reactor=reactor, settings=settings, dead=real_post.dead
            )
        )
        made[-1].start()
        return made[-1]

    yield make
    for each in made:
        pytest_twisted.blockon(each.stop())


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_each_message_is_a_datagram(hearing, real_post, forward, until, host):
    hook = forward(host)
    real_post.publish(b"one", b"", b"two\nlines")
    await until(lambda: len(hearing.heard) == 3)
    assert hearing.heard == [b"one", b"", b"two\nlines"]
    assert hook.counts.delivered == 3


@pytest_twisted.ensureDeferred
async def test_one_that_is_too_long_is_a_dead_letter(hearing, real_post, forward, until):
    forward()
    real_post.publish(b"x" * 70_000, b"short")
    await until(lambda: hearing.heard)
    assert hearing.heard == [b"short"]
    ((_, said),) = real_post.letters
    assert said["error"] == "70000 bytes are too many for a datagram"


@pytest_twisted.ensureDeferred
async def test_where_nobody_listens_those_that_follow_wait(hearing, real_post, forward, until):
    port, hearing.port = hearing.port, None
    await port.stopListening()
    hook = forward(tries=1)
    real_post.publish(*(b"%d" % number for number in range(50)))
    await until(lambda: hook.counts.failed >= 3)
    assert hook.counts.error == "nobody listens there"
    assert hook.counts.delivered < 50
    hearing.listen()
    await until(lambda: hearing.heard[-1:] == [b"49"])
    assert hook.counts.delivered == 50
    assert hearing.heard == sorted(hearing.heard, key=int)
    assert real_post.letters == []


@pytest_twisted.ensureDeferred
async def test_a_name_that_nobody_knows():
    from twisted.internet import reactor

    target = Target("udp", "nobody.invalid", 5)
    delivery = DatagramDelivery(target, ForwardSettings(), reactor=reactor)
    outcome = await delivery.send(Message(1, 0, b"1"))
    assert outcome[:2] == ("unreachable", "the host is not known")
    with pytest.raises(UnreachableError):
        await delivery.connect()
    await delivery.close()
