"""What REDbot, which knows HTTP's caching and ranges by heart, says of a file and a page."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SERVICES = """
services:
  web:
    listen: tcp://127.0.0.1:0
    http:
      /: {files: site}
      /fine: {respond: fine}
      /docs/: {docs: Checked}
"""

FINE = {
    "The server's clock is correct.",
    "The Content-Length header is correct.",
}
FILE = FINE | {
    "Content negotiation for gzip compression is supported",
    "If-None-Match conditional requests are supported.",
    "If-Modified-Since conditional requests are supported.",
    "A ranged request returned the correct partial content.",
    "This response instructs browsers not to 'sniff' its media type.",
}
BAD = ("incorrect", "isn't", "not supported", "should", "must", "invalid", "doesn't", "conflict")
"""Words of REDbot's complaints."""


@pytest.fixture
def daemon(real_daemon, written, tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "page.html").write_text(
        "<!doctype html><title>A page</title>" + "<p>words</p>" * 500
    )
    return real_daemon(written(SERVICES)).ready()


@pytest.mark.parametrize(("path", "said"), [("/page.html", FILE), ("/fine", FINE), ("/docs/", FINE)])
def test_nothing_is_wrong(daemon, path, said):
    url = f"http://127.0.0.1:{daemon.port('web')}{path}"
    command = [Path(sys.executable).with_name("redbot"), "-o", "text", url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    notes = [line.strip() for line in done.stdout.splitlines() if line.lstrip().startswith("* ")]
    assert notes, done.stdout + done.stderr
    missing = {note for note in said if not any(note in line for line in notes)}
    assert missing == set(), done.stdout
    assert [line for line in notes if any(word in line for word in BAD)] == []
