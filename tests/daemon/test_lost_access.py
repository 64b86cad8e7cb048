"""What the daemon could read as root, and will not be able to read anew."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from protocols.daemon.carriers import Carriers
from protocols.daemon.lost_access import lost_access
from protocols.daemon.service_tls import ServiceTLS
from protocols.guard import ServerTLS
from protocols.journal import Journal

PROGRAM = """
import json, sys
from pathlib import Path
from protocols.daemon.carriers import Carriers
from protocols.daemon.lost_access import lost_access
from protocols.daemon.privileges import Plan, drop
from protocols.daemon.service_tls import ServiceTLS
from protocols.guard import ServerTLS
from protocols.journal import Journal
file, certificate, key = map(Path, sys.argv[1:])
tls = ServiceTLS(ServerTLS.of(certificate, key), None)
carriers = {name: Carriers(Journal(name), tls=tls) for name in ("one", "other")}
drop(Plan(4711, 4711, (4711,)))
print(json.dumps(list(lost_access(carriers, file))))
"""


def test_nothing_is_lost_where_nobody_has_changed(written, clock, tmp_path):
    file = written("services: {}")
    tls = ServiceTLS(ServerTLS.of(tmp_path / "tls/localhost.pem", tmp_path / "tls/localhost.key"), clock)
    carriers = {"plain": Carriers(Journal("plain")), "tls": Carriers(Journal("tls"), tls=tls)}
    assert list(lost_access(carriers, file)) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_files_that_only_root_could_read(written, tmp_path):
    file = written("services: {}")
    file.chmod(0o600)
    files = [file, tmp_path / "tls" / "localhost.pem", tmp_path / "tls" / "localhost.key"]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *files], capture_output=True, check=True, timeout=30
    )
    found = json.loads(done.stdout)
    assert f"{file} cannot be read any more: a reload will fail" in found
    key = f"{files[2]} cannot be read any more: "
    assert [line for line in found if line.startswith(key)] == [
        f"{key}once it is renewed, the daemon has to be started anew"
    ]


def test_a_python_that_cannot_be_read(written, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert list(lost_access({}, written("services: {}"))) == [
        "/nowhere/python cannot be read any more: imports that come late, and upgrades, will fail"
    ]
