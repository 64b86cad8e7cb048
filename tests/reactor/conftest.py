"""Programs that tests run in a process of their own, and the reactor where it is ours."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from protocols.reactor.reactor import Reactor

ROOT = Path(__file__).parent.parent.parent

HANG = 30
"""Seconds after which a program that stands still ends, and says where it stood."""

START = f"""
import faulthandler
faulthandler.dump_traceback_later({HANG}, exit=True)
"""

INSTALL = """
import protocols.reactor
protocols.reactor.install()
"""


@pytest.fixture(scope="session")
def checkout() -> dict[str, str]:
    """The environment of a process that imports the packages of this checkout."""
    return {**os.environ, "PYTHONPATH": str(ROOT)}


@pytest.fixture
def in_child(checkout: dict[str, str], tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a function in a process of its own, which must end well and say nothing on standard error.

    Only its source goes there, so it imports what it needs.  The reactor is installed unless `install` is
    false.
    """

    def in_child(
        function: Callable[..., Any], *arguments: Any, install: bool = True
    ) -> subprocess.CompletedProcess[str]:
        call = f"{function.__name__}(*{arguments!r})"
        source = "\n".join([START, INSTALL * install, dedent(inspect.getsource(function)), call])
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", source],
            cwd=tmp_path,
            env=checkout,
            capture_output=True,
            text=True,
            timeout=2 * HANG,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
        return done

    return in_child


@pytest.fixture
def our_reactor() -> Reactor:
    """The running reactor, for tests of what only ours does."""
    from twisted.internet import reactor

    if not isinstance(reactor, Reactor):
        pytest.skip("the tests run on another reactor")
    return reactor
