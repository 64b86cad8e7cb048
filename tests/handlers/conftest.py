"""Functions for worker processes, and tests that have an asyncio loop of their own."""

from __future__ import annotations

import asyncio
import gc
import importlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from twisted.logger import LogLevel, formatEvent, globalLogPublisher

WAIT = 20
"""Seconds a test on a loop of its own may take; only one that fails takes them."""


@pytest.fixture
def worker_functions(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A module that a worker process can import by its name."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent / "importable"))
    return importlib.import_module("polyport_worker_functions")


@pytest.fixture
def said() -> Iterator[list[str]]:
    """What is logged above debug."""
    yield from _logged(lambda level: level > LogLevel.debug)


@pytest.fixture
def warned() -> Iterator[list[str]]:
    """The warnings that are logged."""
    yield from _logged(lambda level: level is LogLevel.warn)


def _logged(wanted: Callable[[Any], bool]) -> Iterator[list[str]]:
    lines: list[str] = []

    def observe(event: Any) -> None:
        if wanted(event["log_level"]):
            lines.append(formatEvent(event) or "")

    globalLogPublisher.addObserver(observe)
    yield lines
    globalLogPublisher.removeObserver(observe)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "on_own_loop: the test is a coroutine for a fresh loop of asyncio's")


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test that is marked ``on_own_loop``, in a thread: the reactor's may run in this one."""
    if pyfuncitem.get_closest_marker("on_own_loop") is None:
        return None
    names = pyfuncitem._fixtureinfo.argnames
    test = pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names})
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, _uncomplaining(test)).result()
    return True


async def _uncomplaining(test: Any) -> None:
    """Run `test`, at whose end nothing may be left that asyncio complains of."""
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: complaints.append(context))
    async with asyncio.timeout(WAIT):
        await test
    await asyncio.sleep(0)
    gc.collect()
    assert complaints == []
