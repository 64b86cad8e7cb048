"""A daemon tells Prometheus of itself."""

from __future__ import annotations

import http.client
import signal
import time

import pytest
from prometheus_client.parser import text_string_to_metric_families as parsed

YAML = """
server: {metrics: "tcp://127.0.0.1:0", control: off}
services:
  lines:
    listen: tcp://127.0.0.1:0
    function: {call: functions:shout, run: loop}
  site:
    listen: tcp://127.0.0.1:0
    http:
      /metrics: {metrics: true}
"""
FUNCTIONS = "def shout(message: str) -> str: return message.upper()\n"


@pytest.fixture
def daemon(written, real_daemon):
    return real_daemon(written(YAML, FUNCTIONS)).ready()


def scraped(daemon, service="server.metrics"):
    """Every sample, by its name and the values of its labels."""
    connection = http.client.HTTPConnection("127.0.0.1", daemon.port(service), timeout=20)
    connection.request("GET", "/metrics")
    response = connection.getresponse()
    assert response.status == 200
    text = response.read().decode()
    connection.close()
    samples = (sample for family in parsed(text) for sample in family.samples)
    return {(sample.name, *sample.labels.values()): sample.value for sample in samples}


def test_what_has_happened_is_told(daemon, connect):
    with connect(daemon.port("lines")) as client:
        assert [client.ask(word) for word in ("one", "two", "three")] == [b"ONE", b"TWO", b"THREE"]
        told = scraped(daemon)
    assert told["polyport_connections_open", "lines"] == 1
    assert told["polyport_connections_accepted_total", "lines"] == 1
    assert told["polyport_messages_received_total", "lines"] == 3
    assert told["polyport_received_bytes_total", "lines"] == len("one\ntwo\nthree\n")
    assert told["polyport_sent_bytes_total", "lines"] == len("one\ntwo\nthree\n")
    # What comes within a millisecond is not all measured.
    assert 1 <= told["polyport_handler_duration_seconds_count", "lines"] <= 3
    assert 0 < told["polyport_handler_duration_seconds_sum", "lines"] < 20
    assert told["polyport_workers",] == told["polyport_status_fresh",] == 1
    assert told["polyport_worker_resident_memory_bytes", "0"] > 1_000_000
    assert abs(told["polyport_start_time_seconds",] - time.time()) < 60


def test_a_route_tells_the_same_and_counts_itself(daemon):
    scraped(daemon, "site")
    told = scraped(daemon, "site")
    assert told["polyport_http_requests_total", "site"] == 2
    assert told["polyport_http_responses_total", "2xx", "site"] == 1
    assert {*told} == {*scraped(daemon)}


def test_a_reload_is_told(daemon):
    assert scraped(daemon)["polyport_config_reloads_total", "done"] == 0
    daemon.send_signal(signal.SIGHUP)
    daemon.expect("reloaded: 2 kept")
    told = scraped(daemon)
    assert told["polyport_config_reloads_total", "done"] == 1
    assert abs(told["polyport_config_last_reload_timestamp_seconds",] - time.time()) < 60
