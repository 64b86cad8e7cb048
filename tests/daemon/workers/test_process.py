"""What a worker is started with."""

from __future__ import annotations

import json
import subprocess
import sys

from protocols.daemon.workers.process import PROGRAM


def test_it_runs_nothing_that_lies_where_it_is_started(tmp_path):
    (tmp_path / "json.py").write_text("raise SystemExit(77)")
    command = [sys.executable, "-c", PROGRAM, "no_such_reactor", json.dumps(sys.path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "No module named 'no_such_reactor'" in done.stderr
