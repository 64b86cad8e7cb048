"""What sslyze and testssl.sh say of a service that has nothing but a certificate."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SERVICES = """
services:
  echo:
    listen: tls://127.0.0.1:0
    tls: {certificate: {certificate: tls/localhost.pem, key: tls/localhost.key}}
    builtin: echo
"""

SSLYZE = Path(sys.prefix) / "scanners" / "bin" / "sslyze"
"""In an environment of its own, for it needs older packages than we do; `make scanners` installs it."""
TESTSSL = shutil.which("testssl")

OWN_CERTIFICATE = {"certificate_path_validation", "maximum_certificate_lifespan"}
"""What cannot be otherwise with a certificate of one's own."""

ROUNDS = ("--protocols", "--std", "--fs", "--server-preference", "--vulnerable", "--fast")
"""Of testssl.sh, without those that look at the certificate or at HTTP: half a minute."""


@pytest.fixture
def address(real_daemon, tmp_path, polyport_cert):
    polyport_cert(tmp_path / "tls")
    (tmp_path / "polyport.yaml").write_text(SERVICES)
    daemon = real_daemon(tmp_path / "polyport.yaml").ready()
    yield f"127.0.0.1:{daemon.port('echo', 'tls')}"
    assert "Traceback" not in daemon.output + daemon.errors


@pytest.fixture
def polyport_cert():
    def make(folder: Path) -> None:
        command = [sys.executable, "-m", "protocols.daemon.command", "cert", "--out", str(folder)]
        subprocess.run(command, check=True, capture_output=True, timeout=30)

    return make


@pytest.mark.skipif(not SSLYZE.exists(), reason="sslyze is not installed: make scanners")
def test_sslyze_finds_what_mozilla_recommends(address, tmp_path):
    report = tmp_path / "report.json"
    command = [SSLYZE, "--mozilla_config=intermediate", "--json_out", report, address]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    issues = [
        line.strip()[2:].split(":")[0] for line in done.stdout.splitlines() if line.startswith(" " * 8 + "* ")
    ]
    assert set(issues) <= OWN_CERTIFICATE, done.stdout
    assert 'Mozilla\'s "intermediate" configuration' in done.stdout
    (scanned,) = json.loads(report.read_text())["server_scan_results"]
    found = {name: each["result"] for name, each in scanned["scan_result"].items()}
    accepted = {
        name: [each["cipher_suite"]["name"] for each in found[name]["accepted_cipher_suites"]]
        for name in found
        if name.endswith("_cipher_suites")
    }
    assert {name for name, suites in accepted.items() if suites} == {
        "tls_1_2_cipher_suites",
        "tls_1_3_cipher_suites",
    }
    assert found["session_renegotiation"]["is_vulnerable_to_client_renegotiation_dos"] is False
    assert found["tls_compression"]["supports_compression"] is False
    assert found["heartbleed"]["is_vulnerable_to_heartbleed"] is False
    assert found["tls_fallback_scsv"]["supports_fallback_scsv"] is True


@pytest.mark.skipif(TESTSSL is None, reason="testssl.sh is not installed")
def test_testssl_finds_nothing_above_low(address, tmp_path):
    report = tmp_path / "report.csv"
    command = [TESTSSL, "--quiet", "--color", "0", "--warnings", "off", *ROUNDS, "--csvfile", report, address]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=110)
    with report.open() as lines:
        findings = list(csv.DictReader(lines))
    assert len(findings) > 30, done.stdout
    severe = [each for each in findings if each["severity"] in ("MEDIUM", "HIGH", "CRITICAL", "FATAL")]
    assert severe == []
