"""The group itself: help, version, completion."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from protocols import __version__
from protocols.daemon.command import COMMANDS, main

MINE = ("send", "listen", "cert", "completion")


def test_help_lists_every_command():
    result = CliRunner().invoke(main, ["-h"])
    assert result.exit_code == 0
    assert all(f"\n  {name} " in result.output for name in COMMANDS)


@pytest.mark.parametrize("name", ["send", "listen", "cert"])
def test_help_of_a_command_has_examples(name):
    result = CliRunner().invoke(main, [name, "--help"])
    assert result.exit_code == 0
    assert "Examples:" in result.output


def test_version():
    assert __version__ in CliRunner().invoke(main, ["--version"]).output


def test_an_unknown_command_is_wrong_usage():
    result = CliRunner().invoke(main, ["sned"])
    assert result.exit_code == 2
    assert "Did you mean send?" in result.output


def test_a_command_like_none_is_wrong_usage():
    result = CliRunner().invoke(main, ["xyzzy"])
    assert result.exit_code == 2
    assert "Did you mean" not in result.output


@pytest.mark.parametrize("arguments", [["--help"], ["send", "--help"]])
def test_help_imports_neither_twisted_nor_pydantic(arguments):
    program = (
        "import sys; from protocols.daemon.command import main\n"
        f"try: main({arguments})\n"
        "except SystemExit: pass\n"
        "sys.exit(any(name in sys.modules for name in ('twisted', 'pydantic', 'cryptography')))"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shell, polyport):
    script = polyport("completion", shell)
    assert script.returncode == 0
    assert f"_POLYPORT_COMPLETE={shell}_complete" in script.stdout.decode()
    words = {"COMP_WORDS": "polyport ", "COMP_CWORD": "1" if shell != "fish" else ""}
    asked = polyport(env={**os.environ, **words, "_POLYPORT_COMPLETE": f"{shell}_complete"})
    assert all(name in asked.stdout.decode() for name in MINE)


def test_completion_knows_framings(polyport):
    words = {"COMP_WORDS": "polyport send --framing net", "COMP_CWORD": "3"}
    asked = polyport(env={**os.environ, **words, "_POLYPORT_COMPLETE": "bash_complete"})
    assert b"netstring" in asked.stdout
