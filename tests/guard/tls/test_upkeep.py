from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime, timedelta

import pytest
from twisted.internet.task import Clock

from protocols.guard.tls import ServerTLS, TLSSettings
from protocols.guard.tls.upkeep import LOOK, TICKET_KEYS, WARN, Upkeep


@pytest.fixture
def own(new_kit, tmp_path):
    return new_kit(tmp_path)


@pytest.fixture
def clock():
    return Clock()


class Counting(ServerTLS):
    reloads = renewals = 0

    def reload(self):
        self.reloads += 1
        return super().reload()

    def renew_ticket_keys(self):
        self.renewals += 1
        super().renew_ticket_keys()


def looked_after(files, clock):
    server = Counting(TLSSettings([files]), "web")
    upkeep = Upkeep(server, clock)
    upkeep.start()
    return server, upkeep


def pump(clock, looks):
    for _ in range(looks):
        clock.advance(LOOK)


def test_files_that_stay_are_left_alone(own, clock):
    server, upkeep = looked_after(own.issue("a.test"), clock)
    pump(clock, 10)
    assert (server.reloads, server.renewals) == (0, 0)
    upkeep.stop()
    assert clock.getDelayedCalls() == []


def test_files_that_change_are_read_once_they_are_at_rest(own, clock):
    files, other = own.issue("a.test"), own.issue("a.test", file="other")
    server, upkeep = looked_after(files, clock)
    before = server.table
    shutil.copy(other.certificate, files.certificate)
    pump(clock, 1)
    shutil.copy(other.key, files.key)
    pump(clock, 1)
    assert server.reloads == 0
    pump(clock, 5)
    assert server.reloads == 1
    assert server.table is not before
    upkeep.stop()


def test_a_file_that_is_put_in_place_of_another(own, clock):
    files, other = own.issue("a.test"), own.issue("a.test", file="other")
    server, upkeep = looked_after(files, clock)
    stat = files.certificate.stat()
    os.utime(other.certificate, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    other.certificate.rename(files.certificate)
    other.key.rename(files.key)
    pump(clock, 2)
    assert server.reloads == 1
    upkeep.stop()


def test_a_file_that_is_gone_for_a_while(own, clock, failures):
    files = own.issue("a.test")
    server, upkeep = looked_after(files, clock)
    content = files.key.read_bytes()
    files.key.unlink()
    pump(clock, 5)
    assert server.reloads == 1
    assert len(failures.events) == 1
    failures.events.clear()
    files.key.write_bytes(content)
    pump(clock, 2)
    assert server.reloads == 2
    upkeep.stop()


def test_reading_at_once(own, clock):
    files, other = own.issue("a.test"), own.issue("a.test", file="other")
    server, upkeep = looked_after(files, clock)
    shutil.copy(other.certificate, files.certificate)
    shutil.copy(other.key, files.key)
    assert upkeep.reload()
    pump(clock, 5)
    assert server.reloads == 1
    upkeep.stop()


def test_keys_of_tickets_are_renewed(own, clock):
    server, upkeep = looked_after(own.issue("a.test"), clock)
    clock.advance(TICKET_KEYS)
    assert server.renewals == 1
    pump(clock, 10)
    assert server.renewals == 1
    clock.advance(TICKET_KEYS)
    assert server.renewals == 2
    upkeep.stop()


def test_a_certificate_that_runs_out_is_said_at_the_start_and_each_day(own, clock, warnings):
    files = own.issue("a.test", not_after=datetime.now(UTC) + timedelta(days=10, hours=1))
    _, upkeep = looked_after(files, clock)
    assert len(warnings) == 1
    assert warnings[0].startswith(f"web: the certificate {files.certificate} runs out on ")
    assert warnings[0].endswith("in 10 days")
    clock.advance(WARN - 1)
    assert len(warnings) == 1
    clock.advance(LOOK)
    assert len(warnings) == 2
    upkeep.stop()


def test_a_key_that_others_can_read(own, clock, warnings):
    files = own.issue("a.test")
    files.key.chmod(0o644)
    _, upkeep = looked_after(files, clock)
    assert warnings == [f"web: {files.key} can be read or changed by others (mode 0644); chmod 640 is enough"]
    upkeep.stop()


def test_stopped_twice_and_started_twice(own, clock):
    _, upkeep = looked_after(own.issue("a.test"), clock)
    upkeep.start()
    assert len(clock.getDelayedCalls()) == 1
    upkeep.stop()
    upkeep.stop()
    assert clock.getDelayedCalls() == []
