"""From a status to metric families."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest
from prometheus_client.parser import text_string_to_metric_families as parsed

from protocols.channels.channel_counts import ChannelCounts
from protocols.counts import Counts
from protocols.daemon.control.channel_status import ChannelStatus
from protocols.daemon.control.status import Latency, ServiceStatus, Status
from protocols.daemon.metrics import FAMILIES, families
from protocols.daemon.metrics.exposition import Exposition
from protocols.daemon.metrics.of_services import RESPONSES
from protocols.daemon.metrics.told import Told

ASIDE = {"over"}
"""Fields of Counts that a status has beside its counts."""


def samples(status: Status | None, fresh: bool = True) -> dict[tuple[str, ...], float]:
    """Every sample, by its name and the values of its labels, in the order of their names, as a client reads
    them."""
    text = Exposition(Told(status, 1_600.0, fresh)).whole()
    found = {}
    for family in parsed(text.decode()):
        for sample in family.samples:
            key = (sample.name, *sample.labels.values())
            assert key not in found, "a series is there twice"
            found[key] = sample.value
    return found


def service(name: str = "one", **known) -> ServiceStatus:
    return ServiceStatus(name=name, **{"answers": "builtin echo", "addresses": ("tcp://:7000",), **known})


def of(*services: ServiceStatus) -> Status:
    return Status(version="1", pid=1, started=0.0, config="", workers=(), services=services)


def test_what_is_told_of_the_daemon(everything):
    told = samples(everything)
    assert told["polyport_status_fresh",] == 1
    assert told["polyport_status_timestamp_seconds",] == 1_600
    assert told["polyport_start_time_seconds",] == 1_000
    assert told["polyport_config_reloads_total", "done"] == 2
    assert told["polyport_config_reloads_total", "refused"] == 1
    assert told["polyport_config_last_reload_successful",] == 0
    assert told["polyport_config_last_reload_timestamp_seconds",] == 1_500
    assert told["polyport_workers",] == 2
    (build,) = [key for key in told if key[0] == "polyport_build_info"]
    assert "1.2.3" in build


def test_before_the_first_reload_the_last_one_was_the_start(everything):
    told = samples(of(service()))
    assert told["polyport_config_last_reload_successful",] == 1
    assert ("polyport_config_last_reload_timestamp_seconds",) not in told


def test_what_is_told_of_each_worker(everything):
    told = samples(everything)
    assert told["polyport_worker_start_time_seconds", "0"] == 1_001
    assert told["polyport_worker_cpu_seconds_total", "0"] == 2.5
    assert told["polyport_worker_resident_memory_bytes", "0"] == 4096
    assert told["polyport_worker_open_fds", "0"] == 20
    assert told["polyport_event_loop_lag_seconds", "0"] == 0.25
    assert told["polyport_worker_restarts_total", "1"] == 3
    assert told["polyport_event_loop_stalls_total", "1"] == 4


def test_of_a_worker_that_does_not_answer_is_told_what_others_know(everything):
    told = samples(everything)
    assert [told["polyport_worker_serving", index] for index in "012"] == [1, 1, 0]
    assert {key[0] for key in told if key[-1] == "2"} == {
        "polyport_worker_serving",
        "polyport_worker_start_time_seconds",
        "polyport_worker_restarts_total",
    }


def test_what_is_told_of_each_service(everything):
    told = samples(everything)
    assert (told["polyport_service_serving", "lines"], told["polyport_service_serving", "web"]) == (1, 0)
    assert told["polyport_connections_open", "lines"] == 5
    assert told["polyport_connections_retiring", "lines"] == 2
    assert told["polyport_queue_depth", "lines"] == 1
    assert told["polyport_connections_accepted_total", "lines"] == 9
    assert told["polyport_refusals_total", "connections", "lines"] == 8
    assert told["polyport_refusals_total", "output", "lines"] == 7
    assert told["polyport_errors_total", "framing", "lines"] == 6
    assert told["polyport_errors_total", "handler", "lines"] == 4
    assert told["polyport_datagrams_dropped_total", "oversize", "lines"] == 3
    assert told["polyport_source_over_limit_total", "per_source", "lines"] == 2
    assert told["polyport_refusals_total", "access", "web"] == 1
    assert told["polyport_refusals_total", "rate", "web"] == 3
    assert told["polyport_tls_handshakes_failed_total", "late", "web"] == 1


def test_a_status_has_every_count():
    in_parts = {name.partition("_")[0] for name in RESPONSES}
    assert {*Counts().as_dict()} - {*RESPONSES} | in_parts | ASIDE == {field.name for field in fields(Counts)}


@pytest.mark.parametrize("field", [*Counts().as_dict()])
def test_every_count_is_in_some_metric(field):
    without, counted = samples(of(service())), samples(of(service(counts={field: 77})))
    (changed,) = [key for key, value in counted.items() if without.get(key) != value]
    assert counted[changed] == 77
    assert changed[0].endswith("_total")


def test_what_is_told_of_each_channel(everything):
    told = samples(everything)
    assert told["polyport_channel_messages", "readings"] == 10
    assert told["polyport_channel_size_bytes", "readings"] == 2048
    assert told["polyport_channel_last_sequence", "readings"] == 12
    assert told["polyport_channel_oldest_message_timestamp_seconds", "readings"] == 1_100
    assert told["polyport_channel_newest_message_timestamp_seconds", "readings"] == 1_200.5
    assert told["polyport_channel_subscribers", "readings"] == 4
    assert told["polyport_channel_dead_letters", "readings"] == 2
    assert [told["polyport_channel_store_available", name] for name in ("readings", "empty")] == [1, 0]
    assert told["polyport_channel_group_lag_messages", "readings", "billing"] == 3
    assert told["polyport_channel_group_claimed_messages", "readings", "billing"] == 1
    assert told["polyport_channel_group_members", "readings", "billing"] == 2
    working = "polyport_channel_forward_working"
    assert [told[working, "readings", name] for name in ("crm", "mirror")] == [1, 0]
    assert told["polyport_channel_forward_messages_total", "readings", "crm", "delivered"] == 7
    assert told["polyport_channel_forward_failures_total", "readings", "crm"] == 3
    assert ("polyport_channel_oldest_message_timestamp_seconds", "empty") not in told, "there is none"


@pytest.mark.parametrize("field", [field.name for field in fields(ChannelCounts)])
def test_every_count_of_a_channel_is_in_some_metric(field):
    def told(**counts):
        channel = ChannelStatus(name="readings", counts=counts)
        return samples(of().model_copy(update={"channels": (channel,)}))

    without, counted = told(), told(**{field: 77})
    (changed,) = [key for key, value in counted.items() if without.get(key) != value]
    assert counted[changed] == 77
    assert changed[0].endswith("_total")


def test_a_service_has_the_metrics_of_what_it_is(everything):
    told = samples(
        of(
            service("stream"),
            service("udp", addresses=("udp://:7000",)),
            service("handed", addresses=("fd://web",)),
            service("http", answers="http /"),
            service("tls", addresses=("tls://:7443",)),
        )
    )
    having = {
        name: {key[-1] for key in told if key[0] == name}
        for name in (
            "polyport_connections_accepted_total",
            "polyport_datagrams_received_total",
            "polyport_datagrams_dropped_total",
            "polyport_failed_logins_total",
            "polyport_tls_handshakes_failed_total",
            "polyport_refusals_total",
        )
    }
    assert having == {
        "polyport_connections_accepted_total": {"stream", "handed", "http", "tls"},
        "polyport_datagrams_received_total": {"udp", "handed"},
        "polyport_datagrams_dropped_total": {"udp", "handed"},
        "polyport_failed_logins_total": {"http"},
        "polyport_tls_handshakes_failed_total": {"tls", "handed"},
        "polyport_refusals_total": {"stream", "udp", "handed", "http", "tls"},
    }


def test_a_histogram_adds_up(everything):
    told = samples(everything)
    name = "polyport_handler_duration_seconds"
    buckets = {key[1]: value for key, value in told.items() if key[0] == f"{name}_bucket"}
    assert buckets == {"0.001": 10, "0.1": 15, "+Inf": 16}
    assert (told[f"{name}_count", "lines"], told[f"{name}_sum", "lines"]) == (16, 2.75)


def test_of_two_certificates_of_one_name_the_one_that_ends_first_is_told(everything):
    name = "polyport_certificate_expiry_timestamp_seconds"
    ends = {key[1]: value for key, value in samples(everything).items() if key[0] == name}
    assert ends == {"main": 4_000, 'quoted "\\\n': 6_000}


def test_no_peer_is_a_label(everything):
    assert {label for family in FAMILIES for label in family.labels} == {
        *("service", "worker", "certificate"),
        *("channel", "group", "forward"),
        *("kind", "reason", "limit", "result", "code"),
        *("version", "python"),
    }


def test_what_is_known_of_nothing():
    assert samples(None, fresh=False) == {("polyport_status_fresh",): 0}


def test_what_was_known_is_told_as_such(everything):
    told = samples(everything, fresh=False)
    assert told["polyport_status_fresh",] == 0
    assert told["polyport_connections_open", "lines"] == 5


def test_nothing_is_there_twice():
    names = [name for family in FAMILIES for name in family.scraped]
    assert len(set(names)) == len(names)
    assert {family.name for family in FAMILIES} <= {
        metric.name + {"counter": "_total", "info": "_info"}.get(metric.type, "")
        for family in FAMILIES
        for metric in [family.collect(Told())]
    }


# -- the rules of promtool check metrics ---------------------------------------------------------------

NOT_BASE = re.compile(
    r"_(milli|micro|nano|kilo|mega|giga|kibi|mebi)?(minutes|hours|days|bits)(_|$)|_(milli|micro|nano)"
)
ABBREVIATED = {"s", "ms", "us", "ns", "sec", "b", "kb", "mb", "gb", "tb", "pb", "m", "h", "d"}
TYPES = {"gauge", "counter", "summary", "histogram", "untyped"}


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_names_are_as_prometheus_likes_them(family):
    assert re.fullmatch("polyport_[a-z][a-z_]*[a-z]", family.name)
    assert family.name.endswith("_total") == (family.kind == "counter")
    assert family.name.endswith("_info") == (family.kind == "info")
    assert not family.name.endswith(("_count", "_sum", "_bucket", "_created"))
    assert not NOT_BASE.search(family.name)
    assert not (ABBREVIATED | TYPES) & set(family.name.split("_"))
    assert not {"le", "quantile", "instance", "job"} & set(family.labels)
    assert family.words.endswith(".")
    assert "\n" not in family.words


def test_a_service_that_has_everything_is_what_tests_use(everything):
    assert {metric.name for metric in families(Told(everything))} >= {
        family.name.removesuffix("_total").removesuffix("_info") for family in FAMILIES
    }
    assert all(isinstance(one.latency, Latency | None) for one in everything.services)
