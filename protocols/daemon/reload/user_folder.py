"""Which files are the user's own code: those of the YAML's folder that nobody has installed there."""

from __future__ import annotations

import os
import sys
import sysconfig
from importlib.machinery import FileFinder
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
        self._elsewhere: dict[str, object] = {}
        """Modules that are not the user's, as they were seen last."""
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
        # There are a thousand, of which nearly all are somewhere else, and stay there.
        elsewhere, found = self._elsewhere, {}
        for name, module in sys.modules.copy().items():
            if elsewhere.get(name) is module:
                continue
            if isinstance(module, ModuleType) and self.is_ours(name, module):
                found[name] = module
            else:
                elsewhere[name] = module
        return found

    def forget_listings(self) -> None:
        """Have modules be looked for anew in the user's folders; those of others do not change."""
        for place, finder in list(sys.path_importer_cache.items()):
            if isinstance(finder, FileFinder) and os.path.join(place, "").startswith(self._beginning):  # noqa: PTH118
                finder.invalidate_caches()

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
