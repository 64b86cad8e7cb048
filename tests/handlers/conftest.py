"""Where worker processes find the functions that the tests give them."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def worker_functions(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A module that a worker process can import by its name."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent / "importable"))
    return importlib.import_module("polyport_worker_functions")
