"""What is told of each service."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from protocols.daemon.control.status import ServiceStatus
from protocols.daemon.metrics.family import AnyFamily, Duration, Family, HistogramFamily, Sample
from protocols.daemon.metrics.told import Told

Applies = Callable[[ServiceStatus], bool]
"""Whether a family has to do with a service; what has happened all the same is told in any case."""


def _always(one: ServiceStatus) -> bool:
    return True


def _has(*schemes: str) -> Applies:
    """Whether a service listens on one of `schemes`; nobody knows what a socket of systemd's carries."""
    return lambda one: any(address.partition(":")[0] in (*schemes, "fd") for address in one.addresses)


_streams = _has("tcp", "tls", "unix")
_datagrams = _has("udp", "unixgram")
_tls = _has("tls")


def _http(one: ServiceStatus) -> bool:
    return one.answers.partition(" ")[0] == "http"


def _services(told: Told) -> tuple[ServiceStatus, ...]:
    return () if told.status is None else told.status.services


def _gauge(name: str, words: str, value: Callable[[ServiceStatus], float]) -> Family:
    def samples(told: Told) -> Iterator[Sample]:
        for one in _services(told):
            yield (one.name,), value(one)

    return Family(name, "gauge", words, ("service",), samples)


def _counter(name: str, words: str, field: str, applies: Applies = _always) -> Family:
    """What one field of :class:`~protocols.counts.Counts` counts."""

    def samples(told: Told) -> Iterator[Sample]:
        for one in _services(told):
            count = one.counts.get(field, 0)
            if count or applies(one):
                yield (one.name,), count

    return Family(name, "counter", words, ("service",), samples)


def _counters(
    name: str, words: str, label: str, fields: Mapping[str, str], applies: Applies = _always
) -> Family:
    """What several of its fields count, each under a value of `label`."""

    def samples(told: Told) -> Iterator[Sample]:
        for one in _services(told):
            known = applies(one)
            for field, value in fields.items():
                count = one.counts.get(field, 0)
                if count or known:
                    yield (one.name, value), count

    return Family(name, "counter", words, ("service", label), samples)


def _over(told: Told) -> Iterator[Sample]:
    for one in _services(told):
        for limit, count in one.over.items():
            yield (one.name, limit), count


def _certificates(told: Told) -> Iterator[Sample]:
    for one in _services(told):
        # Two of one name, as after a renewal, would be one series twice; what ends first matters.
        ends: dict[str, float] = {}
        for certificate in one.certificates:
            ends[certificate.name] = min(certificate.expires, ends.get(certificate.name, certificate.expires))
        for name, end in ends.items():
            yield (one.name, name), end


def _latencies(told: Told) -> Iterator[Duration]:
    for one in _services(told):
        if one.latency is not None:
            yield (one.name,), one.latency


RESPONSES: Final = {f"responses_{hundred}xx": f"{hundred}xx" for hundred in range(1, 6)}
ERRORS: Final = {"framing_errors": "framing", "rejected": "message", "failures": "handler"}
REFUSALS: Final = {"refused": "connections", "denied": "access", "limited": "rate", "choked": "output"}
HANDSHAKES: Final = {
    "failed_handshakes": "failed",
    "late_handshakes": "late",
    "dropped_handshakes": "dropped",
}
DROPS: Final = {"oversize": "oversize", "overload": "overload", "kernel_drops": "kernel", "unsent": "unsent"}

OF_SERVICES: Final[tuple[AnyFamily, ...]] = (
    _gauge(
        "polyport_service_serving",
        "Whether the service is served: 1; 0 once it drains, or has been drained.",
        lambda one: float(one.state == "serving"),
    ),
    _gauge("polyport_connections_open", "Connections that are open.", lambda one: one.open),
    _gauge(
        "polyport_connections_retiring",
        "Open connections that still run under rules, or code, that a reload has replaced.",
        lambda one: one.retiring,
    ),
    _gauge(
        "polyport_queue_depth",
        "Datagrams being answered, and connections that wait because their source is over a limit.",
        lambda one: one.pending,
    ),
    _counter("polyport_connections_accepted_total", "Stream connections accepted.", "connections", _streams),
    _counter(
        "polyport_messages_received_total",
        "Messages received on streams and WebSockets.",
        "messages",
        _streams,
    ),
    _counter("polyport_datagrams_received_total", "Datagrams received.", "datagrams", _datagrams),
    _counter(
        "polyport_received_bytes_total",
        "Bytes received, inside of TLS and with the heads of HTTP.",
        "bytes_in",
    ),
    _counter("polyport_sent_bytes_total", "Bytes sent, as those received.", "bytes_out"),
    _counter("polyport_http_requests_total", "HTTP requests received.", "requests", _http),
    _counters(
        "polyport_http_responses_total",
        "HTTP responses begun, by the hundred of their status.",
        "code",
        RESPONSES,
        _http,
    ),
    HistogramFamily(
        "polyport_handler_duration_seconds",
        "How long answers took, of those that were measured: about a thousand a second where there are more, "
        "so how many there were is told by messages, datagrams and requests.",
        ("service",),
        _latencies,
    ),
    _counters(
        "polyport_errors_total",
        "Connections whose bytes stopped making sense (framing), messages that are not what the function "
        "takes (message), and errors of the handler (handler).",
        "kind",
        ERRORS,
    ),
    _counters(
        "polyport_refusals_total",
        "Connections, datagrams and requests that were refused: too many connections (connections), rules of "
        "access (access), too many requests (rate); and connections closed because their peers did not read "
        "(output).",
        "reason",
        REFUSALS,
    ),
    _counter(
        "polyport_failed_logins_total", "Requests whose password or token was wrong.", "failed_logins", _http
    ),
    Family(
        "polyport_source_over_limit_total",
        "counter",
        "How often a connection, message or datagram waited, or was refused, because its source was over a "
        "limit of its own.",
        ("service", "limit"),
        _over,
    ),
    _counter(
        "polyport_sources_shut_out_total",
        "Sources refused altogether for a while because they would not stop.",
        "shut_out",
    ),
    _counters(
        "polyport_tls_handshakes_failed_total",
        "TLS handshakes that came to nothing (failed), took too long (late), or were broken off because too "
        "many were under way (dropped).",
        "reason",
        HANDSHAKES,
        _tls,
    ),
    Family(
        "polyport_certificate_expiry_timestamp_seconds",
        "gauge",
        "When a certificate that the service shows ends, in seconds since the epoch.",
        ("service", "certificate"),
        _certificates,
    ),
    _counters(
        "polyport_datagrams_dropped_total",
        "Datagrams lost: longer than the limit (oversize), too many being answered (overload), faster than "
        "they were read (kernel); and replies that the kernel did not take, or that have nowhere to go "
        "(unsent).",
        "reason",
        DROPS,
        _datagrams,
    ),
)
