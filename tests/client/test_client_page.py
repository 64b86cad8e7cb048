"""Everything in docs/client.md is executed."""

from __future__ import annotations

import re
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "client.md"
TEXT = PAGE.read_text("utf-8")
PROGRAMS = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def test_every_block_is_a_program():
    assert len(PROGRAMS) == TEXT.count("\n```") / 2


def echo(connection: socket.socket) -> None:
    while data := connection.recv(1000):
        connection.sendall(data)


@pytest.mark.parametrize("program", PROGRAMS, ids=range(len(PROGRAMS)))
def test_it_runs(program, peer, site, free_port, tmp_path, monkeypatch):
    names = {"NOBODY": f"tcp://127.0.0.1:{free_port()}", "FOLDER": tmp_path, "FILE": tmp_path / "file"}
    names["FILE"].write_bytes(b"x" * 200_000)
    if "SITE" in program:
        names["SITE"] = site().url
    if re.search(r"\bURL\b", program):
        names["URL"] = f"tcp://127.0.0.1:{peer(echo).port}"
    module = ModuleType("from_the_page")
    monkeypatch.setitem(sys.modules, "from_the_page", module)
    vars(module).update(names)
    code = compile(program, str(PAGE), "exec", dont_inherit=True)
    # In a thread, for the reactor's loop runs in this one.
    with ThreadPoolExecutor(1) as aside:
        aside.submit(exec, code, vars(module)).result(20)
