"""Which files are the user's own code: those of the YAML's folder that nobody has installed there."""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path
from types import ModuleType
from typing import Final

import protocols

INSTALLED: Final = frozenset({"site-packages", "dist-packages"})
"""Names of folders that packages are installed in."""

ARCHIVES: Final = (".zip", ".egg", ".whl", ".pyz")
"""Ends of the names of what packages come in as a whole."""

_OURS: Final = Path(protocols.__file__).parent


class UserFolder:
    """The folder of the YAML file, without the virtual environments and the Python that may stand in it, nor
    Polyport itself."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self._beginning = os.path.join(self.folder, "")  # noqa: PTH118 - it ends in a slash
        prefixes = (sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix)
        installed = {Path(place) for place in (*prefixes, *sysconfig.get_paths().values())}
        others = (*installed, _OURS, _OURS.parent / "twisted")
        self._others = [one for one in others if one != self.folder and one.is_relative_to(self.folder)]

    def holds(self, file: str) -> bool:
        """Whether `file` is the user's own."""
        if not file.startswith(self._beginning):
            return False
        path = Path(file)
        if any(path.is_relative_to(other) for other in self._others):
            return False
        between = path.relative_to(self.folder).parts[:-1]
        if not INSTALLED.isdisjoint(between) or any(name.endswith(ARCHIVES) for name in between):
            return False
        folders = (self.folder.joinpath(*between[: index + 1]) for index in range(len(between)))
        return not any((folder / "pyvenv.cfg").exists() for folder in folders)

    def modules(self) -> dict[str, ModuleType]:
        """The modules of the user that are imported, by name, in the order in which they were."""
        return {
            name: module
            for name, module in sys.modules.copy().items()
            if isinstance(module, ModuleType) and self.is_ours(name, module)
        }

    def is_ours(self, name: str, module: ModuleType) -> bool:
        """Whether `module`, which is imported as `name`, is the user's own."""
        if name == "__main__":
            return False
        # Of the dictionary, because some modules import a great deal when they are asked for an attribute.
        file = module.__dict__.get("__file__")
        if isinstance(file, str):
            return self.holds(file)
        places = module.__dict__.get("__path__") if file is None else None
        return places is not None and any(self.holds(os.path.join(place, "")) for place in places)  # noqa: PTH118
