"""The commands that ask a daemon, beside a control socket with no daemon behind it."""

from __future__ import annotations

import json
import time

import pytest
import pytest_twisted
from jsonschema import Draft202012Validator

from protocols.daemon.command import status as status_module
from protocols.daemon.control.status import (
    CertificateStatus,
    ConnectionStatus,
    Frame,
    Latency,
    Outcome,
    PenaltyStatus,
    ReloadStatus,
    ServiceStatus,
    Status,
    WorkerStatus,
)

NOW = 1_800_000_000.0


@pytest.fixture
def told(operations, monkeypatch):
    """What a busy daemon says; `polyport` believes that it is NOW."""
    monkeypatch.setattr(time, "time", lambda: NOW)
    worker = WorkerStatus(
        index=0, pid=78, started=NOW - 60, cpu=5.4, memory=90 << 20, descriptors=41, lag=0.0004
    )
    shop = ServiceStatus(
        name="shop",
        answers="function shop:price",
        addresses=("tcp://127.0.0.1:7000", "unix:///run/shop.sock"),
        open=12,
        retiring=3,
        counts={"connections": 1234, "messages": 50_000, "requests": 7, "bytes_in": 1 << 20, "failures": 2},
        over={"per_source": 5},
        latency=Latency(bounds=(0.001, 0.01), numbers=(90, 10, 0), total=0.2),
        certificates=(CertificateStatus(name="main", expires=NOW + 86_400),),
    )
    old = ServiceStatus(name="old", answers="", addresses=(), state="draining", open=1)
    operations.told = Status(
        version="1.2.3",
        pid=77,
        started=NOW - 11_520,
        config="/etc/polyport.yaml",
        workers=(worker,),
        services=(shop, old),
        reloads=ReloadStatus(done=2, refused=1, last=Outcome(done=True, text="1 kept"), at=NOW),
    )
    return operations.told


def words(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


# status


@pytest_twisted.ensureDeferred
async def test_status(asked, told):
    done = await asked("status")
    lines = done.output.splitlines()
    assert lines[0] == "polyport 1.2.3, process 77, up 3 h 12 min, /etc/polyport.yaml"
    assert lines[1].startswith("reloads: 2 done, 1 refused; the last at ")
    assert lines[1].endswith(": 1 kept")
    table = words(done.output)
    assert table[3] == ["PROCESS", "PID", "UP", "CPU", "MEMORY", "FILES", "LAG", "STALLS", "RESTARTS"]
    assert table[4] == ["0", "78", "1", "min", "5", "s", "90", "MiB", "41", "400", "µs", "0", "0"]
    assert " ".join(table[7]) == (
        "shop serving 12 (3 old) 1.2k 50.0k 1 MiB 0 B 7 9.1 ms tcp://127.0.0.1:7000"
    )
    assert table[8] == ["unix:///run/shop.sock"]
    assert table[9][:3] == ["old", "draining", "1"]
    assert lines[-1] == "warning: the certificate main of shop runs out in 1 d"
    assert (done.exit_code, done.stderr) == (0, "")


@pytest_twisted.ensureDeferred
async def test_status_without_anything(asked):
    done = await asked("status")
    assert done.output.endswith("\n\nno services\n")


@pytest_twisted.ensureDeferred
async def test_states_are_shown_where_they_differ(asked, told, operations):
    operations.told = told.model_copy(update={"services": told.services[:1]})
    done = await asked("status")
    assert "STATE" not in done.output


@pytest_twisted.ensureDeferred
async def test_what_a_process_does_is_shown_where_it_does_not_serve(asked, told, operations):
    down = WorkerStatus(index=1, pid=0, started=NOW - 60, state="down", restarts=3)
    silent = told.workers[0].model_copy(update={"index": 2, "state": "silent"})
    operations.told = told.model_copy(update={"workers": (*told.workers, down, silent)})
    table = words((await asked("status")).output)
    assert table[3][:3] == ["PROCESS", "STATE", "PID"]
    assert table[4][:5] == ["0", "serving", "78", "1", "min"]
    assert " ".join(table[5]) == "1 down - - - - - - - 3"
    assert table[6][:5] == ["2", "silent", "78", "1", "min"]


@pytest_twisted.ensureDeferred
async def test_status_as_json(asked, told):
    done = await asked("status", "--json")
    assert Status.model_validate_json(done.output) == told


@pytest.mark.parametrize("command", ["status", "connections", "penalties"])
@pytest_twisted.ensureDeferred
async def test_json_is_as_its_schema_says(asked, told, operations, command):
    operations.open, operations.shut_out = [CONNECTION], [PENALTY]
    schema = json.loads((await asked(command, "--schema")).output)
    Draft202012Validator.check_schema(schema)
    found = json.loads((await asked(command, "--json")).output)
    Draft202012Validator(schema).validate(found)
    for one in found if isinstance(found, list) else [found]:
        properties = schema.get("properties") or next(iter(schema["$defs"].values()))["properties"]
        assert set(one) <= set(properties)


def test_a_certificate_that_has_run_out():
    service = ServiceStatus(
        name="shop",
        answers="",
        addresses=(),
        certificates=(
            CertificateStatus(name="late", expires=NOW - 7200),
            CertificateStatus(name="good", expires=NOW + 1e8),
        ),
    )
    assert status_module._certificates(service, NOW) == [
        "warning: the certificate late of shop has run out 2 h ago"
    ]


# what is done


@pytest.mark.parametrize(
    ("arguments", "asked_for"),
    [
        (("reload",), ("reload",)),
        (("upgrade",), ("upgrade",)),
        (("drain", "shop"), ("drain", "shop")),
        (("kill", "0-17"), ("kill", "0-17")),
        (("penalties", "--forgive", "192.0.2.1"), ("forgive", "192.0.2.1")),
        (("log", "debug"), ("log_level", "debug")),
    ],
)
@pytest_twisted.ensureDeferred
async def test_what_is_done(asked, operations, arguments, asked_for):
    done = await asked(*arguments)
    assert (done.exit_code, done.stdout, done.stderr) == (0, "done\n", "")
    operations.outcome = Outcome(done=False, text="not done", problems=("a: b", "c: \x1b[31m"))
    done = await asked(*arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == "a: b\nc: \\x1b[31m\nnot done\n"
    assert operations.asked == [asked_for] * 2


@pytest.mark.parametrize(
    "arguments", [("log", "loud"), ("drain",), ("penalties", "--forgive", "*", "--json")]
)
@pytest_twisted.ensureDeferred
async def test_wrong_usage(asked, operations, arguments):
    done = await asked(*arguments)
    assert done.exit_code == 2
    assert operations.asked == []


# lists

CONNECTION = ConnectionStatus(
    id="0-1",
    service="shop",
    worker=0,
    peer="tls://192.0.2.1:5",
    transport="tls",
    user="alice\n",
    opened=NOW - 75,
    idle=3,
    retiring=True,
)
PENALTY = PenaltyStatus(source="192.0.2.1", score=17.54, until=NOW + 90)


@pytest_twisted.ensureDeferred
async def test_connections(asked, told, operations):
    assert (await asked("connections")).output == "no connections\n"
    operations.open = [CONNECTION]
    done = await asked("connections", "shop")
    assert words(done.output) == [
        ["ID", "SERVICE", "OVER", "PEER", "USER", "OPEN", "IDLE"],
        ["0-1", "shop", "tls", "tls://192.0.2.1:5", "alice\\n", "1", "min", "15", "s", "3", "s", "old"],
    ]
    assert operations.asked[-1] == ("connections", "shop")


@pytest_twisted.ensureDeferred
async def test_penalties(asked, told, operations):
    assert (await asked("penalties")).output == "nobody is shut out\n"
    operations.shut_out = [PENALTY]
    header, line = words((await asked("penalties")).output)
    assert header == ["SOURCE", "POINTS", "FOR", "UNTIL"]
    assert line[:-1] == ["192.0.2.1", "17.5", "1", "min", "30", "s"]


# tap


def frame(direction: str, **more: object) -> Frame:
    return Frame.model_validate(
        {"service": "shop", "at": NOW, "peer": "tcp://192.0.2.1:5", "direction": direction, "size": 9, **more}
    )


@pytest_twisted.ensureDeferred
async def test_tap(asked, operations):
    operations.frames = [
        frame("in", text="hello\x1b"),
        frame("out", text="HELLO", took=0.0021, missed=4),
        frame("in", text="not printed"),
    ]
    done = await asked("tap", "shop", "-n", "2")
    lines = [line.partition(" ")[2] if ":" in line[:3] else line for line in done.output.splitlines()]
    assert lines == [
        "> tcp://192.0.2.1:5 9 B  hello\\x1b",
        "(4 not shown)",
        "< tcp://192.0.2.1:5 9 B 2.1 ms  HELLO",
    ]
    assert done.exit_code == 0


@pytest_twisted.ensureDeferred
async def test_tap_as_json(asked, operations):
    operations.frames = [frame("in", text="hëllo")]
    done = await asked("tap", "shop", "-n", "1", "--json")
    assert Frame.model_validate_json(done.output) == operations.frames[0]


@pytest_twisted.ensureDeferred
async def test_tap_of_nothing(asked):
    done = await asked("tap", "nothing")
    assert (done.exit_code, done.stderr) == (2, "polyport: no service nothing\n")


@pytest_twisted.ensureDeferred
async def test_top_needs_a_terminal(asked):
    done = await asked("top")
    assert done.exit_code == 2
    assert "polyport status --json" in done.stderr
