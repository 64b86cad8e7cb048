"""Reloads of what is full of mistakes: nothing changes, and every one of them is said."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from failure import BenchmarkError
from operations.load import Plan
from operations.loading import loading
from operations.proof import Bounds, Proof
from operations.site import HERE, Site, site
from processor import Cores

GOLDEN = HERE.parent.parent / "tests" / "golden" / "config"
# As its tests have it: what is in the environment, and may be in no answer.
SECRET = "hunter2:x"
# The load is there to notice what changes, not to measure.
SHARE = 0.25
# From the signal to the last line about it.
PATIENCE = 10.0
# After which a log that says nothing more is taken to be complete.
QUIET = 0.15


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something that cannot be served."""

    name: str
    yaml: str
    lines: tuple[str, ...]
    """What has to be in the answer; ``FOLDER`` and ``STDLIB`` stand for folders."""
    modules: dict[str, str] = field(default_factory=dict)


def prove(bounds: Bounds, cores: Cores) -> Proof:
    """Reload with one mistake after the other, by signal and by command."""
    proof = Proof("4. Reloads with every kind of mistake, under load")
    rates = {name: rate * SHARE for name, rate in bounds.rates.items()}
    with site(cores.server, PASSWORD=SECRET) as running, _taken() as port:
        shutil.copytree(GOLDEN, running.folder, dirs_exist_ok=True)
        before = running.ask("beacon")
        with loading(Plan(running.ports, rates), cores.load) as load:
            load.phase("refusing")
            mistakes = [*_golden(), *_at_the_end(running, port)]
            for mistake in mistakes:
                _judge(proof, running, mistake)
                proof.need(running.ask("beacon") == before, f"{mistake.name}: another version answers")
            running.noticed += 1
            running.write()
            took = running.reload()
            phase = load.end()["refusing"]
    count = sum(len(each.lines) for each in mistakes)
    proof.figures.append(
        f"{len(mistakes)} files with {count} problems, each reloaded by SIGHUP and by command"
    )
    proof.figures.append(f"a right one afterwards is served after {took * 1e3:.0f} ms")
    proof.figures += phase.lines()
    for name, tally in phase.tallies.items():
        proof.need(not tally.failed + tally.closed + tally.told, f"{name}: {tally}")
    proof.data = {"files": len(mistakes), "problems": count, "refusing": phase.data()}
    return proof


def _judge(proof: Proof, running: Site, mistake: Mistake) -> None:
    for name, text in mistake.modules.items():
        running.put(name, text)
    running.put("polyport.yaml", mistake.yaml)
    for way, said in (("SIGHUP", _by_signal(running)), ("polyport reload", _by_command(running))):
        said = said.replace(f"{running.folder}/polyport.yaml", "polyport.yaml")
        said = said.replace(str(running.folder), "FOLDER")
        said = said.replace(sysconfig.get_path("stdlib"), "STDLIB")
        missing = [line for line in mistake.lines if line not in said]
        if missing:
            text = f"{mistake.name}: {way} does not say {len(missing)} of {len(mistake.lines)} problems"
            proof.missed.append(f"{text}, such as: {missing[0]}")
        proof.need("hunter2" not in said, f"{mistake.name}: {way} says what is secret")


def _by_signal(running: Site) -> str:
    """What the log says after SIGHUP."""
    before = len(running.running.written())
    os.kill(running.pid, signal.SIGHUP)
    until = time.monotonic() + PATIENCE
    said = ""
    while time.monotonic() < until:
        time.sleep(QUIET)
        now = running.running.written()[before:]
        if now and now == said:
            break
        said = now
    return said


def _by_command(running: Site) -> str:
    command = [str(Path(sys.executable).parent / "polyport"), "reload", "--socket", "control.sock"]
    try:
        done = subprocess.run(
            command, cwd=running.folder, capture_output=True, text=True, timeout=30, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise BenchmarkError("polyport reload does not end") from error
    return done.stdout + done.stderr + ("" if done.returncode else "polyport reload ends with status 0")


def _golden() -> Iterator[Mistake]:
    """Those of the tests."""
    for file in sorted(GOLDEN.glob("*.yaml")):
        lines = file.with_suffix(".txt").read_text().replace(file.name, "polyport.yaml").splitlines()
        yield Mistake(file.stem, file.read_text(), tuple(lines))


def _at_the_end(running: Site, taken: int) -> Iterator[Mistake]:
    """Those that are found last, when what stands in the files is right."""
    yaml = (running.folder / "polyport.yaml").read_text()
    served = (running.folder / "served.py").read_text()
    another = f"{yaml}\n  another:\n    listen: {{}}\n    builtin: echo\n"
    taken_address = f"tcp://127.0.0.1:{taken}"
    yield Mistake("taken address", another.replace("{}", taken_address), (taken_address, "services.another"))
    elsewhere = "tcp://203.0.113.1:7000"
    yield Mistake("nobody's address", another.replace("{}", elsewhere), (elsewhere, "services.another"))
    yield Mistake("syntax", yaml, ("served.py",), {"served.py": f"{served}\ndef\n"})
    yield Mistake("import", yaml, ("KeyError", "served.py"), {"served.py": f"{served}\n{{}}['no']\n"})
    failing = f"{served}\ndef selftest():\n    raise ValueError('the moon is full')\n"
    yield Mistake("selftest", yaml, ("the moon is full",), {"served.py": failing})
    renamed = served.replace("def answer(", "def answers(")
    yield Mistake("renamed function", yaml, ("has no attribute answer",), {"served.py": renamed})


@contextmanager
def _taken() -> Iterator[int]:
    """A port at which somebody else listens."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield int(other.getsockname()[1])
