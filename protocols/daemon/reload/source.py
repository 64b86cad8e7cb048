"""Modules of the user as they were read: the very bytes that were compiled, by their digest.

Python's own loader would take a ``.pyc`` whose source has the same size and second of change; what is edited
twice in a second would stay as it was.  So the user's modules are always compiled from their source.
"""

from __future__ import annotations

import ast
import hashlib
import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from protocols.daemon.reload.imports import Import, imports_in
from protocols.daemon.reload.user_folder import UserFolder


@dataclass(frozen=True, slots=True)
class Source:
    """What a module was made of."""

    digest: str
    """Of its file; empty if it has none, as a namespace package."""
    imports: frozenset[Import] = frozenset()


def digest(data: bytes) -> str:
    """What two contents have in common that are the same."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def source_of(file: Path) -> Source:
    """The source in `file`; without imports if it is no Python.  Raises :class:`OSError`."""
    data = file.read_bytes()
    tree = None
    if file.suffix == ".py":
        # What is to be warned of is said when it is imported.
        with warnings.catch_warnings(), suppress(SyntaxError, ValueError, RecursionError, MemoryError):
            warnings.simplefilter("ignore")
            tree = ast.parse(data)
    return Source(digest(data), frozenset(imports_in(tree)) if tree else frozenset())


class SourceLoader(SourceFileLoader):
    """Compiles one module of the user, and knows what of.

    .. attribute:: source

       What was compiled; ``None`` until something was.
    """

    source: Source | None = None

    def get_code(self, fullname: str) -> CodeType | None:
        path = self.get_filename(fullname)
        data = self.get_data(path)
        tree = ast.parse(data, path)
        if self.source is None:
            self.source = Source(digest(data), frozenset(imports_in(tree)))
        code: CodeType = self.source_to_code(tree, path)
        return code

    def exec_module(self, module: ModuleType) -> None:
        # A package that is imported anew has the modules that stay; the machinery says so to those only
        # that import them.
        beginning = f"{module.__name__}."
        for name, other in sys.modules.copy().items():
            child = name.removeprefix(beginning)
            if child != name and "." not in child:
                setattr(module, child, other)
        super().exec_module(module)


class SourceFinder(MetaPathFinder):
    """Finds the user's modules where Python would, and has them loaded by :class:`SourceLoader`.

    .. attribute:: found

       The files of the user that were found, be it that they could not be imported; its owner may empty it.
    """

    def __init__(self, folder: UserFolder) -> None:
        self.folder = folder
        self.found: set[Path] = set()

    @classmethod
    def installed(cls, folder: UserFolder) -> SourceFinder:
        """The finder for `folder`, which finds modules from now on."""
        finders: list[Any] = sys.meta_path
        for one in finders:
            if isinstance(one, cls) and one.folder.folder == folder.folder:
                return one
        made = cls(folder)
        finders.insert(finders.index(PathFinder) if PathFinder in finders else len(finders), made)
        return made

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or not spec.has_location or not self.folder.holds(spec.origin or ""):
            return None
        self.found.add(Path(spec.origin or ""))
        if type(spec.loader) is SourceFileLoader:
            spec.loader = SourceLoader(fullname, spec.loader.path)
        return spec
