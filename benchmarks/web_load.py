"""The load of a web scenario, by the tools that everybody uses for it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from failure import BenchmarkError
from generator import Load
from web_scenarios import WebScenario
from web_servers import WebServer

HERE = Path(__file__).parent

PATIENCE_SECONDS = 60.0
"""From the end of a load's time until it is given up."""

ORDER = """
wrk.method = "POST"
wrk.body = '{"item": "apple", "quantity": 2}'
wrk.headers["Content-Type"] = "application/json"
"""

MICROSECONDS = {"us": 1.0, "ms": 1e3, "s": 1e6}

MIB = 1 << 20


def apply_web_load(scenario: WebScenario, server: WebServer, seconds: float, core: int | None) -> Load:
    """Run `scenario` for about `seconds` against `server`.

    Raises :class:`BenchmarkError` if an answer was wrong, a connection broke, or none came at all.
    """
    if scenario.load == "download":
        return _download(scenario, server, seconds, core)
    if scenario.load == "websocket":
        command = [sys.executable, str(HERE / "python_load.py"), "websocket", "127.0.0.1", str(server.port)]
        command += ["--connections", str(scenario.connections), "--seconds", str(seconds)]
        return Load(**json.loads(_run(command, core)))
    if scenario.load == "h2load":
        return _h2load(scenario, server, seconds, core)
    return _wrk(scenario, server, seconds, core)


def _wrk(scenario: WebScenario, server: WebServer, seconds: float, core: int | None) -> Load:
    secured = scenario.load == "wrk-tls"
    url = f"http{'s' * secured}://127.0.0.1:{server.tls_port if secured else server.port}{scenario.path}"
    command = ["wrk", "-t1", f"-c{scenario.connections}", f"-d{seconds:g}s", "--latency"]
    script = HERE / "build" / "order.lua"
    if scenario.load == "wrk-json":
        script.write_text(ORDER)
        command += ["-s", str(script)]
    # It takes whole seconds only.
    command[3] = f"-d{max(1, round(seconds))}s"
    said = _run([*command, url], core)
    if wrong := re.search(r"Non-2xx.*|Socket errors.*[1-9].*", said):
        raise BenchmarkError(wrong[0].strip())
    counted = re.search(r"(\d+) requests in ([\d.]+)s", said)
    if counted is None or not int(counted[1]):
        raise BenchmarkError("no answer came")
    return _load(int(counted[1]), float(counted[2]), *(_latency(said, part) for part in ("50%", "99%")))


def _latency(said: str, part: str) -> float:
    found = re.search(rf"{part}\s+([\d.]+)(us|ms|s)", said)
    return float(found[1]) * MICROSECONDS[found[2]] if found else 0.0


def _h2load(scenario: WebScenario, server: WebServer, seconds: float, core: int | None) -> Load:
    url = f"http://127.0.0.1:{server.port}{scenario.path}"
    command = ["h2load", "-t1", f"-c{scenario.connections}", "-m100", f"-D{max(1, round(seconds))}", url]
    said = _run(command, core)
    counted = re.search(r"(\d+) succeeded, (\d+) failed", said)
    rate = re.search(r"finished in ([\d.]+)s, ([\d.]+) req/s", said)
    if counted is None or rate is None or not int(counted[1]) or int(counted[2]):
        raise BenchmarkError(f"h2load: {said.strip()[-300:]}")
    return _load(int(counted[1]), float(rate[1]))


def _download(scenario: WebScenario, server: WebServer, seconds: float, core: int | None) -> Load:
    """Downloads one after the other; a message is a MiB."""
    url = f"http://127.0.0.1:{server.port}{scenario.path}"
    began, size = time.monotonic(), 0
    while time.monotonic() - began < seconds:
        written = _run(["curl", "-sf", "-o", "/dev/null", "-w", "%{size_download}", url], core)
        size += int(written)
    return _load(size // MIB, time.monotonic() - began)


def _load(messages: int, seconds: float, p50_us: float = 0.0, p99_us: float = 0.0) -> Load:
    return Load(messages, seconds, drained=0, lost=0, late=0, errors=0, p50_us=p50_us, p99_us=p99_us)


def _run(command: Sequence[str], core: int | None) -> str:
    pinned = [*(["taskset", "-c", str(core)] if core is not None else []), *command]
    try:
        done = subprocess.run(pinned, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    except FileNotFoundError as error:
        raise BenchmarkError(f"{error.filename} is not installed") from None
    if done.returncode != 0:
        raise BenchmarkError(f"{command[0]}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout
