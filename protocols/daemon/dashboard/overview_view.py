"""The first page: everything at a glance."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from protocols.daemon.control.channel_status import ChannelStatus
from protocols.daemon.control.status import ReloadStatus, ServiceStatus, WorkerStatus
from protocols.daemon.dashboard import wording
from protocols.daemon.dashboard.counters import KINDS, totals
from protocols.daemon.dashboard.history import History
from protocols.daemon.dashboard.sampler import Sample
from protocols.daemon.dashboard.view import Row, View
from protocols.guard.tls.expiry import SOON

NEAR: Final = SOON.total_seconds()
"""Seconds before a certificate expires from which on that is a warning, as in the log."""

RECENT: Final = 3600.0
"""Seconds for which a worker that was started anew is worth a word."""

STATES: Final = {"serving": "", "draining": "warn", "drained": "off"}
"""How each state of a service looks."""


def overview(sample: Sample, history: History) -> View:
    """Everything at the moment of `sample`."""
    status, now = sample.status, sample.time
    last = status.reloads.last
    return View(
        texts={
            **_sums(sample, history),
            "version": status.version,
            "config": status.config,
            "pid": str(status.pid),
            "uptime": wording.span(now - status.started),
            "reload": _reload(status.reloads),
            "reload_when": _reload_when(status.reloads, now),
            "services_count": wording.several(len(status.services), "service"),
        },
        tables={
            "attention": list(attention(sample)),
            "services": [_service(one, history) for one in status.services],
            "channels": [_channel(one, history) for one in status.channels],
            "workers": [_worker(one, history, now) for one in status.workers],
            "problems": [
                Row(str(index), {"problem": problem})
                for index, problem in enumerate(last.problems if last else ())
            ],
            "certificates": _certificates(sample),
            "penalties": [
                Row(
                    one.source,
                    {
                        "source": one.source,
                        "score": f"{one.score:.3g}",
                        "until": wording.span(one.until - now),
                    },
                )
                for one in sample.penalties
            ],
        },
        kinds={"reload": "" if last is None else "good" if last.done else "bad"},
        rates={kind: history.together.of(kind) for kind in KINDS},
    )


def attention(sample: Sample) -> Iterator[Row]:
    """What somebody should look at: what is bad first."""
    return iter(sorted(_attention(sample), key=lambda row: row.kind != "bad"))


def _attention(sample: Sample) -> Iterator[Row]:
    status, now = sample.status, sample.time
    last = status.reloads.last
    if last is not None and not last.done:
        yield _warning("reload", "bad", f"The last reload was refused: {last.text}")
    for row in _certificates(sample):
        if row.kind:
            yield _warning(
                f"certificate {row.key}", row.kind, f"The certificate {row.key} {row.texts['left']}"
            )
    for service in status.services:
        if service.state != "serving":
            left = wording.several(service.open, "connection")
            text = f"{service.name} is {service.state}" + (f": {left} left" if service.open else "")
            yield _warning(f"service {service.name}", "warn", text)
    for channel in status.channels:
        yield from _of_channel(channel, now)
    for worker in status.workers:
        if worker.restarts and now - worker.started < RECENT:
            ago = wording.span(now - worker.started)
            text = f"Worker {worker.index} had to be started anew {ago} ago"
            yield _warning(f"worker {worker.index}", "warn", text)


def _of_channel(channel: ChannelStatus, now: float) -> Iterator[Row]:
    name = channel.name
    if channel.trouble:
        yield _warning(f"channel {name}", "bad", f"The store of {name}: {channel.trouble}")
    if channel.letters:
        letters = wording.several(channel.letters, "dead letter")
        verb = "waits" if channel.letters == 1 else "wait"
        yield _warning(f"letters {name}", "warn", f"{letters} of {name} {verb} for somebody")
    for forward in channel.forwards:
        if forward.failing_since is not None:
            span = wording.span(now - forward.failing_since)
            text = f"{name} has not reached {forward.name} for {span}: {forward.error}"
            yield _warning(f"forward {name} {forward.name}", "warn", text)


def _warning(key: str, kind: str, text: str) -> Row:
    return Row(key, {"text": text}, kind)


def _sums(sample: Sample, history: History) -> dict[str, str]:
    status = sample.status
    shares = [share for worker in status.workers if (share := history.share(worker.index)) is not None]
    return {
        **{kind: wording.rate(history.together.now(kind)) for kind in KINDS},
        "open": wording.number(sum(service.open for service in status.services)),
        "cpu": wording.share(sum(shares) if shares else None),
        "memory": wording.size(sum(worker.memory for worker in status.workers)),
    }


def _service(service: ServiceStatus, history: History) -> Row:
    own = history.of(service.name).rates
    return Row(
        service.name,
        {
            "name": service.name,
            "answers": service.answers,
            "state": service.state,
            "addresses": "\n".join(service.addresses),
            "open": wording.number(service.open),
            "waiting": f"{wording.number(service.pending)} pending" if service.pending else "",
            "retiring": f"{wording.number(service.retiring)} on old rules" if service.retiring else "",
            "traffic": wording.rate(own.now("traffic")),
            "errors": wording.rate(own.now("errors")),
            "refusals": wording.number(totals(service)["refusals"]),
        },
        STATES[service.state],
        {"traffic": own.of("traffic"), "errors": own.of("errors")},
    )


def _channel(channel: ChannelStatus, history: History) -> Row:
    own = history.channel(channel.name).rates
    lags = [group.lag for group in channel.groups]
    return Row(
        channel.name,
        {
            "name": channel.name,
            "store": channel.store,
            "state": "unavailable" if channel.trouble else "available",
            "kept": wording.number(channel.messages),
            "size": wording.size(channel.octets),
            "subscribers": wording.number(channel.subscribers),
            "published": wording.rate(own.now("published")),
            "delivered": wording.rate(own.now("delivered")),
            "lag": wording.number(max(lags)) if lags else wording.UNKNOWN,
            "letters": wording.number(channel.letters),
        },
        "warn" if channel.trouble else "",
        {"published": own.of("published"), "delivered": own.of("delivered")},
    )


def _worker(worker: WorkerStatus, history: History, now: float) -> Row:
    return Row(
        str(worker.index),
        {
            "index": str(worker.index),
            "pid": str(worker.pid),
            "uptime": wording.span(now - worker.started),
            "cpu": wording.share(history.share(worker.index)),
            "memory": wording.size(worker.memory),
            "descriptors": wording.number(worker.descriptors),
            "lag": wording.latency(worker.lag),
            "stalls": wording.number(worker.stalls),
            "restarts": wording.number(worker.restarts),
        },
        "warn" if worker.restarts and now - worker.started < RECENT else "",
    )


def _certificates(sample: Sample) -> list[Row]:
    """Each certificate once, whichever services show it; that which expires first comes first."""
    shown: dict[tuple[str, float], list[str]] = {}
    for service in sample.status.services:
        for one in service.certificates:
            shown.setdefault((one.name, one.expires), []).append(service.name)
    rows: dict[str, Row] = {}
    for (name, expires), services in sorted(shown.items(), key=lambda item: item[0][1]):
        left = expires - sample.time
        texts = {
            "name": name,
            "services": ", ".join(services),
            "expires": wording.moment(expires),
            "left": f"expires in {wording.span(left)}" if left > 0 else f"expired {wording.span(-left)} ago",
        }
        # Workers read a renewed file one after the other: meanwhile the older one is what counts.
        rows.setdefault(name, Row(name, texts, "bad" if left <= 0 else "warn" if left < NEAR else ""))
    return list(rows.values())


def _reload(reloads: ReloadStatus) -> str:
    return "None so far" if reloads.last is None else reloads.last.text


def _reload_when(reloads: ReloadStatus, now: float) -> str:
    if reloads.at is None:
        return ""
    numbers = f"{wording.number(reloads.done)} done, {wording.number(reloads.refused)} refused so far"
    return f"{wording.span(now - reloads.at)} ago, at {wording.moment(reloads.at)}; {numbers}"
