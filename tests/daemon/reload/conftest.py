"""What the tests of reloads share."""

from __future__ import annotations

from pathlib import Path

import pytest

from protocols.daemon.reload.user_code import UserCode


class Folder:
    """A user's folder, whose files keep their time of change and may so be taken for what they were."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, **modules: str) -> None:
        """Write modules; two underscores stand for a slash: ``shop__orders``."""
        for name, source in modules.items():
            file = self.path / f"{name.replace('__', '/').replace('INIT', '__init__')}.py"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(source)


@pytest.fixture
def folder(tmp_path: Path, forgotten_imports: None) -> Folder:
    return Folder(tmp_path)


@pytest.fixture
def code(folder: Folder) -> UserCode:
    return UserCode(folder.path)
