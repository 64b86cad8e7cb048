"""Imports point one way, and none of them installs a reactor."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import protocols

ROOT = Path(protocols.__file__).parent
CARRIED = {"framing", "session", "counts", "journal", "latency", "roster", "peer_address", "tap"}
MAY_IMPORT = {
    "framing": set(),
    "session": set(),
    "counts": set(),
    "journal": {"session", "counts", "latency", "tap"},
    "latency": set(),
    "tap": {"session"},
    "stream_tapped": {"session", "tap"},
    "account_name": set(),
    "peer_address": {"account_name", "session"},
    "client": {"codec", "framing", "framing_syntax", "known_words", "outgoing_tls"},
    "framing_syntax": {"framing", "known_words"},
    "known_words": set(),
    "codec": {"session"},
    "connection_record": {"session"},
    "handlers": {
        *("session", "codec", "roster", "latency", "outgoing_reason", "outgoing_tls", "proxy_header"),
        *("framing", "handover", "open_connection", "stand_in", "stream_limits", "stream_timers", "utf8"),
    },
    "open_connection": {"session"},
    "outgoing_reason": set(),
    "outgoing_tls": set(),
    "proxy_header": {"session"},
    "roster": set(),
    "made_once": set(),
    "message_pace": {"stream_limits"},
    "handover": {*CARRIED, "connections_factory", "connection_record", "open_connection", "stream_limits"},
    "connections_factory": {"journal", "open_connection", "roster"},
    "inotify": set(),
    "metering": set(),
    "stream_limits": set(),
    "stream_output": CARRIED | {"stream", "stream_limits"},
    "stream_time": CARRIED | {"message_pace", "stream", "stream_limits", "stream_writer"},
    "stream_timers": set(),
    "stream": {
        *(*CARRIED, "connections_factory", "made_once"),
        *("connection_record", "stream_connection", "stream_duplex", "stream_limits", "stream_recorded"),
        "stream_timers",
    },
    "stream_recorded": {"connection_record", "framing", "stream", "stream_duplex"},
    "stream_duplex": {"peer_address", "stream_connection"},
    # It names its factory's class, for type checkers only.
    "stream_connection": CARRIED
    | {"metering", "stream", "stream_limits", "stream_output", "stream_tapped", "stream_time"}
    | {"stream_writer"},
    "stream_writer": {"counts", "reactor", "stream_limits"},
    "datagram": CARRIED | {"codec"},
    "datagram_recorded": {"connection_record", "datagram", "peer_address", "session"},
    "networks": set(),
    "reactor": set(),
    "source": set(),
    "stand_in": set(),
    # Authors of programs have the standard library, and nothing else.
    "shared_program": set(),
    "token_buckets": set(),
    "utf8": set(),
    "wire_silence": set(),
    "channels": {
        *("framing", "session", "codec", "handlers", "inotify", "outgoing_reason", "outgoing_tls"),
        "stand_in",
    },
    "http": {
        *(
            "session",
            "channels",
            "handlers",
            "codec",
            "counts",
            "journal",
            "latency",
            "roster",
            "peer_address",
            "stream_timers",
        ),
        *("made_once", "message_pace", "open_connection", "tap", "stream_limits", "wire_silence"),
        *("account_name", "connections_factory", "networks", "source", "stand_in", "token_buckets"),
        *("outgoing_reason", "outgoing_tls", "utf8"),
    },
    "guard": {
        *(*CARRIED, "datagram", "networks", "proxy_header"),
        *("source", "stand_in", "stream_timers", "token_buckets"),
    },
}
"""What the parts of the package may import of one another, besides themselves."""

STANDARD_ONLY = {"framing", "session"}
OUTERMOST = ROOT / "daemon"


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


SOURCES = {module_name(path): path for path in sorted(ROOT.rglob("*.py"))}
LIBRARY = [name for name in SOURCES if not name.startswith("protocols.daemon") and name != "protocols"]


def imports(path: Path) -> set[str]:
    """The dotted names that a module imports, at its top or inside a function."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def part(name: str) -> str:
    return name.split(".")[1]


def test_every_part_has_a_rule():
    assert {part(name) for name in LIBRARY} <= set(MAY_IMPORT)


@pytest.mark.parametrize("name", LIBRARY)
def test_imports_point_one_way(name):
    ours = {part(each) for each in imports(SOURCES[name]) if each.startswith("protocols.")}
    assert ours - {part(name)} <= MAY_IMPORT[part(name)]


def test_the_clients_are_for_programs_and_the_command_line():
    importers = {
        name
        for name, path in SOURCES.items()
        if any(each.startswith("protocols.client") for each in imports(path))
    }
    theirs = ("protocols.client", "protocols.daemon.command")
    assert {name for name in importers if not name.startswith(theirs)} == set()


@pytest.mark.parametrize("name", [name for name in LIBRARY if part(name) in STANDARD_ONLY])
def test_the_words_need_the_standard_library_only(name):
    roots = {each.partition(".")[0] for each in imports(SOURCES[name])} - {"protocols"}
    assert roots <= sys.stdlib_module_names


@pytest.mark.parametrize("name", SOURCES)
def test_reactor_is_imported_at_the_outside_only(name):
    if "twisted.internet.reactor" in imports(SOURCES[name]):
        assert SOURCES[name].is_relative_to(OUTERMOST)


def test_library_installs_no_reactor():
    program = "import importlib, sys\n"
    program += "".join(f"importlib.import_module({name!r})\n" for name in LIBRARY)
    program += "sys.exit('twisted.internet.reactor' in sys.modules)"
    finished = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT.parent, capture_output=True, text=True
    )
    assert finished.returncode == 0, finished.stderr
