"""From a file to a configuration; what is refused is in the golden files."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from protocols.daemon.loader import Loaded, load
from protocols.daemon.problems import ConfigError, Problem
from protocols.daemon.spec.address import Address


def loaded(folder: Path, text: str, environment: Mapping[str, str] | None = None) -> Loaded:
    file = folder / "main.yaml"
    file.write_text(text)
    return load(file, environment=environment)


def test_the_smallest_configuration(tmp_path: Path) -> None:
    config = loaded(tmp_path, "services: {a: {listen: tcp://:0, function: m:f}}").config
    service = config.services["a"]
    assert service.listen == (Address("tcp", "", 0),)
    assert service.function is not None
    assert service.function.call == "m:f"
    assert (service.function.run, service.function.workers, service.function.codec) == (None,) * 3
    assert service.function.timeout == 30
    assert service.kind == "function"
    assert (service.framing, service.tls, service.enabled) == (None, None, True)
    limits = service.limits
    assert (limits.connections, limits.pending, limits.idle, limits.body) == (1000, 64, 300, 2**20)
    assert config.server.drain == 30


def test_services_inherit_what_fits_them(tmp_path: Path) -> None:
    services = loaded(
        tmp_path,
        """\
defaults: {limits: {connections: 5, idle: 1m}, framing: netstring}
services:
  plain: {listen: tcp://:0, builtin: echo}
  own: {listen: tcp://:0, builtin: echo, framing: raw, limits: {idle: 5m, pending: 3}}
  web: {listen: tcp://:0, http: {/: {respond: fine}}}
  factory: {listen: tcp://:0, factory: m:f}
  datagrams: {listen: udp://:0, builtin: echo}
""",
    ).config.services
    kinds = {name: s.framing.kind if s.framing else None for name, s in services.items()}
    assert kinds == {
        "plain": "netstring",
        "own": "raw",
        "web": None,
        "factory": None,
        "datagrams": None,
    }
    assert (services["plain"].limits.connections, services["plain"].limits.idle) == (5, 60)
    own = services["own"].limits
    assert (own.connections, own.idle, own.pending, own.body) == (5, 300, 3, 2**20)


def test_secrets_are_replaced(tmp_path: Path) -> None:
    text = "services: {a: {listen: 'tcp://127.0.0.1:${env:PORT}', builtin: '${file:kind}'}}"
    (tmp_path / "kind").write_text("echo\n")
    service = loaded(tmp_path, text, {"PORT": "7000"}).config.services["a"]
    assert service.listen == (Address("tcp", "127.0.0.1", 7000),)
    assert service.kind == "builtin"


def test_unix_paths_begin_in_the_folder_of_the_file(tmp_path: Path) -> None:
    text = "services: {a: {listen: [unix:run/a.sock, unix:@a], builtin: echo}}"
    listen = loaded(tmp_path, text).config.services["a"].listen
    assert listen == (
        Address("unix", path=str(tmp_path / "run/a.sock")),
        Address("unix", name="a"),
    )


def test_a_socket_path_that_is_too_long_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"services\.a\.listen: the socket's path has \d+ bytes"):
        loaded(tmp_path, f"services: {{a: {{listen: 'unix:{'x' * 108}', builtin: echo}}}}")


def test_references_are_resolved_once_and_only_where_they_are_used(tmp_path: Path) -> None:
    asked: list[str] = []
    named = {f"m:{name}": (lambda message: message) for name in "fgh"}

    def resolve(reference: str) -> object:
        asked.append(reference)
        if reference == "m:bad":
            raise TypeError("m:bad is no function")
        return named[reference]

    file = tmp_path / "main.yaml"
    file.write_text(
        """\
services:
  a: {listen: tcp://:0, function: m:f}
  b: {listen: tcp://:0, http: {/a: {function: m:f}, /b: {function: {call: m:g}}}}
  c: {listen: tcp://:0, factory: m:h}
  d: {listen: tcp://:0, function: m:bad, enabled: false}
"""
    )
    assert load(file, resolve).resolved == named
    assert asked == ["m:f", "m:g", "m:h"]
    file.write_text(file.read_text().replace(", enabled: false", ""))
    with pytest.raises(ConfigError) as raised:
        load(file, resolve)
    assert raised.value.problems == (
        Problem(str(file), 5, 35, "services.d.function", "m:bad is no function"),
    )


def test_later_messages_know_their_place(tmp_path: Path) -> None:
    origin = loaded(tmp_path, "services:\n  a: {listen: tcp://:0, builtin: echo}\n").origin
    problem = origin.problem(("services", "a", "listen", 0), "address already in use")
    assert str(problem).endswith("main.yaml:2:15: services.a.listen: address already in use")


def test_a_value_that_is_only_a_guess_has_one_problem(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        loaded(tmp_path, "services: {a: {listen: !x 5, builtin: echo, enabled: !!null 1}}")
    assert [problem.path for problem in raised.value.problems] == [
        "services.a.listen",
        "services.a.enabled",
    ]


def test_loading_installs_no_reactor() -> None:
    program = (
        "import sys, protocols.daemon.loader, protocols.daemon.schema\n"
        "sys.exit('twisted.internet.reactor' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
