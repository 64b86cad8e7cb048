"""What the daemon could read as root, and will not be able to read anew."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from protocols.daemon.assembly import assemble
from protocols.daemon.loader import load
from protocols.daemon.lost_access import lost_access

YAML = """
certificates: {main: {certificate: tls/localhost.pem, key: tls/localhost.key}}
services:
  plain: {listen: 'unix:plain', builtin: echo}
  one: {listen: 'tls://127.0.0.1:0', tls: main, builtin: echo}
  other: {listen: 'tls://127.0.0.1:0', tls: main, builtin: echo}
"""

PROGRAM = """
import json, sys
from pathlib import Path
from twisted.internet import reactor
from protocols.daemon.assembly import assemble
from protocols.daemon.loader import load
from protocols.daemon.lost_access import lost_access
from protocols.daemon.privileges import Plan, drop
file = Path(sys.argv[1])
carriers = assemble(load(file), reactor)
drop(Plan(4711, 4711, (4711,)))
print(json.dumps(list(lost_access(carriers, file))))
"""


def test_nothing_is_lost_where_nobody_has_changed(written, clock):
    file = written(YAML)
    assert list(lost_access(assemble(load(file), clock), file)) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_files_that_only_root_could_read(written, tmp_path):
    file = written(YAML)
    file.chmod(0o600)
    done = subprocess.run([sys.executable, "-c", PROGRAM, file], capture_output=True, check=True, timeout=30)
    found = json.loads(done.stdout)
    assert f"{file} cannot be read any more: a reload will fail" in found
    key = f"{tmp_path / 'tls' / 'localhost.key'} cannot be read any more: "
    assert [line for line in found if line.startswith(key)] == [
        f"{key}once it is renewed, the daemon has to be started anew"
    ]
