"""What the tests of the daemon share."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme


@pytest.fixture
def forgotten_imports(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a test imports from a user's folder is forgotten after it, and ``sys.path`` is as it was."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = dict(sys.modules)
    folders = set(sys.path)
    yield
    added = set(sys.path) - folders
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None) or next(iter(getattr(module, "__path__", [])), "")
        if name not in before and any(Path(file).is_relative_to(folder) for folder in added if file):
            del sys.modules[name]


@pytest.fixture(scope="session")
def example_certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``localhost.pem`` and ``localhost.key``, as ``polyport cert`` makes them."""
    folder = tmp_path_factory.mktemp("certificates")
    issued = trustme.CA().issue_cert("localhost", "127.0.0.1")
    issued.private_key_pem.write_to_path(str(folder / "localhost.key"))
    for blob in issued.cert_chain_pems:
        blob.write_to_path(str(folder / "localhost.pem"), append=True)
    return folder
