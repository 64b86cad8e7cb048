"""The screen of ``polyport top``, without a terminal."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from protocols.daemon.command.top_view import COLUMNS, Looks, View, room
from protocols.daemon.control.status import Latency, ServiceStatus, Status, WorkerStatus


def service(name: str, messages: int = 0, **more: object) -> ServiceStatus:
    counts = {"messages": messages, "bytes_in": 100 * messages}
    return ServiceStatus.model_validate(
        {"name": name, "answers": "", "addresses": (), "counts": counts, **more}
    )


def status(*services: ServiceStatus, cpu: float = 0.0) -> Status:
    worker = WorkerStatus(index=0, pid=1, started=0.0, cpu=cpu, memory=5 << 20, descriptors=9)
    return Status(
        version="1.2.3", pid=1, started=0.0, config="/etc/a.yaml", workers=(worker,), services=services
    )


def drawn(looks: Looks, view: View = View(), height: int = 24, width: int = 80) -> list[str]:  # noqa: B008 - frozen
    console = Console(file=io.StringIO(), width=width, height=height, color_system=None)
    console.print(looks.screen(view, 3600.0, height))
    return console.file.getvalue().splitlines()  # type: ignore[attr-defined]


def two_looks(before: Status, after: Status, seconds: float = 2.0) -> Looks:
    looks = Looks()
    looks.add(before, 10.0)
    looks.add(after, 10.0 + seconds)
    return looks


def test_two_looks():
    latency = {"bounds": (0.001, 0.01), "total": 0.0}
    looks = two_looks(
        status(service("quiet", 5), service("busy", 100, latency={**latency, "numbers": (9, 0, 0)})),
        status(
            service("quiet", 5),
            service("busy", 300, open=3, latency={**latency, "numbers": (9, 10, 0)}),
            cpu=1.0,
        ),
    )
    lines = drawn(looks)
    assert lines[0] == "polyport 1.2.3  up 1 h  /etc/a.yaml"
    assert lines[1] == "1 process  cpu 50 %  memory 5 MiB  files 9  lag 0 µs  stalls 0"
    assert lines[3].split() == [c.title for c in COLUMNS[:3]] + ["MSG/s▼"] + [c.title for c in COLUMNS[4:]]
    assert lines[4].split() == [
        "busy",
        "3",
        "0",
        "100",
        "9.8",
        "KiB",
        "0",
        "B",
        "0",
        "5.5",
        "ms",
        "9.9",
        "ms",
    ]
    assert lines[5].split() == ["quiet", "0", "0", "0", "0", "B", "0", "B", "0", "-", "-"]
    assert lines[6] == "←→ sort   r reverse   q quit"


def test_one_look_knows_no_rates():
    looks = Looks()
    looks.add(status(service("a", 1_000_000)), 10.0)
    assert drawn(looks)[4].split()[:4] == ["a", "0", "0", "0"]


def test_a_service_that_is_new():
    looks = two_looks(status(), status(service("a", 1_000_000)))
    assert drawn(looks)[4].split()[:4] == ["a", "0", "0", "0"]


def test_no_services():
    assert drawn(two_looks(status(), status()))[3] == "no services"


def test_what_is_wrong_is_shown_until_the_next_look():
    looks = two_looks(status(), status())
    looks.problem = "the daemon\x1b has gone\n  /run/x"
    assert drawn(looks)[2] == "the daemon\\x1b has gone"
    looks.add(status(), 20.0)
    assert drawn(looks)[2] == ""


@given(
    st.integers(0, 60),
    st.integers(6, 40),
    st.lists(st.sampled_from(["up", "down", "page up", "page down", "left", "right", "r", "x"])),
)
def test_it_fits_whatever_is_pressed(services: int, height: int, keys: list[str]) -> None:
    names = [f"service-{number:02}-with-a-long-name" for number in range(services)]
    looks = two_looks(
        status(*map(service, names)), status(*(service(name, 10 * i) for i, name in enumerate(names)))
    )
    view = View()
    for key in keys:
        view = view.press(key, services, room(height))
    lines = drawn(looks, view, height)
    assert len(lines) <= height
    assert all(len(line) <= 80 for line in lines)
    if services:
        assert view.first <= max(0, services - room(height))
        assert sum("service-" in line for line in lines) == min(services, room(height))


@pytest.mark.parametrize(
    ("keys", "order"),
    [
        ([], ["c", "b", "a"]),
        (["r"], ["a", "b", "c"]),
        (["left"] * 3, ["a", "b", "c"]),
        (["left", "left", "left", "r"], ["c", "b", "a"]),
        (["left"] * 2, ["a", "b", "c"]),
        (["right"] * 6, ["a", "b", "c"]),
    ],
    ids=["messages", "least messages", "names", "last names", "open", "once round"],
)
def test_order(keys, order):
    before = status(service("a"), service("b"), service("c"))
    looks = two_looks(before, status(service("a", 1, open=9), service("b", 2, open=8), service("c", 3)))
    view = View()
    for key in keys:
        view = view.press(key, 3, 20)
    assert [row.service.name for row in view.order(looks.rows)] == order


def test_latency_of_other_buckets_is_taken_as_it_is():
    """A newer process may have others."""
    old = Latency(bounds=(1.0,), numbers=(5, 0), total=1.0)
    new = Latency(bounds=(0.5, 1.0), numbers=(4, 0, 0), total=1.0)
    looks = two_looks(status(service("a", latency=old)), status(service("a", latency=new)))
    assert looks.rows[0].latency == new
