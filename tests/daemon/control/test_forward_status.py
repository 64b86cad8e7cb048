"""Where the messages of channels are sent on to."""

from __future__ import annotations

from dataclasses import fields
from types import SimpleNamespace

from protocols.channels.forward.counts import ForwardCounts
from protocols.channels.forward.webhook_url import WebhookURL
from protocols.daemon.control.channel_status import ForwardStatus
from protocols.daemon.control.forward_status import COUNTED, forwards_of


def forward(**counts):
    target = WebhookURL.parse("https://crm.example/hooks/SECRET")
    return SimpleNamespace(target=target, counts=ForwardCounts(**counts))


def test_those_of_one_channel():
    running = {
        ("orders", "crm"): forward(delivered=7, failed=2, retried=1, error="was refused"),
        ("orders", "mirror"): forward(error="refused", failing_since=5.0, dead=1),
        ("readings", "crm"): forward(),
    }
    statuses = forwards_of(SimpleNamespace(forwards=SimpleNamespace(running=running)))
    assert statuses("orders") == (
        ForwardStatus(
            name="crm",
            to="https://crm.example",
            error="was refused",
            counts={"delivered": 7, "failed": 2, "retried": 1, "dead": 0},
        ),
        ForwardStatus(
            name="mirror",
            to="https://crm.example",
            error="refused",
            failing_since=5.0,
            counts={"delivered": 0, "failed": 0, "retried": 0, "dead": 1},
        ),
    )
    assert statuses("nothing") == ()


def test_a_process_that_sends_nothing_on():
    assert forwards_of(SimpleNamespace(forwards=None))("orders") == ()


def test_every_count_is_told():
    assert {*COUNTED} == {field.name for field in fields(ForwardCounts) if field.type == "int"}
