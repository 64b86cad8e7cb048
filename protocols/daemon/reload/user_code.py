"""The modules of the user that the daemon has imported: what they are made of, and which have changed."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from importlib.machinery import EXTENSION_SUFFIXES, ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

from protocols.daemon.importing import ResolveError, importer
from protocols.daemon.reload.aside import Aside
from protocols.daemon.reload.imports import Import
from protocols.daemon.reload.source import Source, SourceFinder, SourceLoader, digest, source_of
from protocols.daemon.reload.user_folder import UserFolder

Seen: TypeAlias = dict[str, tuple[Source | None, set[str]]]
"""What modules were made of and needed at one moment, by name; ``None``: the user has none of that name."""


class UserCode:
    """The code in the folder of a YAML file.

    A module depends on those that it imports, anywhere in its source.  That it stands in a package is no
    reason to depend on that: only who imports something of a package itself does.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = UserFolder(folder)
        self._importer = importer(folder)
        self._others: WeakKeyDictionary[ModuleType, Source] = WeakKeyDictionary()
        """Modules that were imported before this was here, as they were when they were seen first."""
        self._missing: set[str] = set()
        """The names of modules that were asked for in vain."""
        self._finder = SourceFinder.installed(self.folder)
        for module in self.folder.modules().values():
            self._source_of(module)

    def resolve(self, reference: str) -> object:
        """What ``module:attribute`` names.  Raises :class:`~protocols.daemon.importing.ResolveError`."""
        try:
            return self._importer(reference)
        except ResolveError as error:
            if isinstance(error.__cause__, ModuleNotFoundError):
                self._missing |= {reference.partition(":")[0], error.__cause__.name or ""} - {""}
            raise

    def modules(self) -> dict[str, ModuleType]:
        """The modules of the user that are imported, by name."""
        return self.folder.modules()

    def files(self) -> set[Path]:
        """The files that these were read from, and those of modules that could not be imported since
        :meth:`aside` was called last; there need be no such file."""
        files = {Path(file) for module in self.modules().values() if (file := _own(module, "__file__"))}
        for name in self._missing:
            place = self.folder.folder.joinpath(*name.split("."))
            files |= {place.with_name(f"{place.name}.py"), place / "__init__.py"}
        return files | self._finder.found

    def changed(self) -> set[str]:
        """The names of imported modules whose file is another now, or has gone."""
        self.folder.forget_listings()
        return {name for name, module in self.modules().items() if self._has_changed(name, module)}

    def affected(self) -> set[str]:
        """The names of imported modules that have changed, or import such, or import those."""
        changed = self.changed()
        if not changed:
            return changed
        needs = {name: self.needs(name) for name in self.modules()}
        affected: set[str] = set()
        found = changed
        while found:
            affected |= found
            found = {name for name, of in needs.items() if name not in affected and of & affected}
        return affected

    def aside(self) -> Aside:
        """What has changed, about to be imported anew beside what is there."""
        self._missing.clear()
        self._finder.found.clear()
        return Aside(self.folder, self.affected(), self.resolve)

    def digests(self, references: Iterable[str], seen: Seen | None = None) -> Mapping[str, str]:
        """The digests of all modules of the user that `references` reach, by name.

        Those that are imported count as they were imported; others, such as a function imports when it is
        called, as their files are.

        :param seen: what was seen already at the moment at which this is asked; what is seen now is added.
        """
        seen = {} if seen is None else seen
        return {name: source.digest for name, source in self._reached(references, seen)}

    def _reached(self, references: Iterable[str], seen: Seen) -> Iterator[tuple[str, Source]]:
        """The modules of the user that `references` reach, each once."""
        reached: set[str] = set()
        waiting = {reference.partition(":")[0] for reference in references}
        while waiting:
            name = waiting.pop()
            if name not in seen:
                seen[name] = self._source(name), self.needs(name)
            source, needs = seen[name]
            if source is not None and name not in reached:
                reached.add(name)
                yield name, source
                waiting |= needs

    def needs(self, name: str) -> set[str]:
        """The modules of the user that the module `name` imports itself."""
        source = self._source(name)
        if source is None:
            return set()
        is_package = self._is_package(name)
        found: set[str] = set()
        for each in source.imports:
            found.update(self._meant(each, each.absolute(name, is_package=is_package)))
        return {other for other in found if other != name and self._source(other) is not None}

    def _meant(self, statement: Import, module: str) -> Iterator[str]:
        """The modules that a statement means which names `module` in full."""
        if not module:
            return
        if statement.binds:
            parts = module.split(".")
            yield from (".".join(parts[: index + 1]) for index in range(len(parts) - 1))
        if not statement.names:
            yield module
        for name in statement.names:
            yield self._named(module, name)

    def _named(self, module: str, name: str) -> str:
        """The module that `name` comes from, in ``from module import name``."""
        inner = f"{module}.{name}"
        if self._source(inner) is None:
            return module
        package, found = sys.modules.get(module), sys.modules.get(inner)
        # A package may have something else of the name that a module in it has.
        is_other = package is not None and _own(package, name, found) is not found
        return module if is_other else inner

    def _has_changed(self, name: str, module: ModuleType) -> bool:
        file = module.__dict__.get("__file__")
        if file is not None and file.endswith(tuple(EXTENSION_SUFFIXES)):
            # The machine code of a library cannot be loaded twice.
            return False
        found = _find(name)
        if found is None or (found.origin if found.has_location else None) != file:
            return True
        if file is None:
            return False
        try:
            return digest(Path(file).read_bytes()) != self._source_of(module).digest
        except OSError:
            return True

    def _is_package(self, name: str) -> bool:
        module = sys.modules.get(name)
        if module is not None:
            return _own(module, "__path__") is not None
        spec = self._on_disk(name)
        return spec is not None and spec.submodule_search_locations is not None

    def _source(self, name: str) -> Source | None:
        """What the user's module `name` is made of; ``None`` if the user has none of that name."""
        module = sys.modules.get(name)
        if module is not None:
            ours = isinstance(module, ModuleType) and self.folder.is_ours(name, module)
            return self._source_of(module) if ours else None
        spec = self._on_disk(name)
        if spec is None:
            return None
        try:
            return source_of(Path(spec.origin)) if spec.has_location and spec.origin else Source("")
        except OSError:
            return None

    def _source_of(self, module: ModuleType) -> Source:
        loader = getattr(module.__dict__.get("__spec__"), "loader", None)
        if isinstance(loader, SourceLoader) and loader.source is not None:
            return loader.source
        if module not in self._others:
            file = module.__dict__.get("__file__")
            try:
                self._others[module] = source_of(Path(file)) if file else Source("")
            except OSError:
                self._others[module] = Source("")
        return self._others[module]

    def _on_disk(self, name: str) -> ModuleSpec | None:
        """Where the user has a module `name` that is not imported."""
        package, _, _ = name.rpartition(".")
        places: Iterable[str]
        if not package:
            places = [str(self.folder.folder)]
        elif package in sys.modules:
            places = _own(sys.modules[package], "__path__", ())
        else:
            outer = self._on_disk(package)
            places = (outer.submodule_search_locations or ()) if outer is not None else ()
        spec = PathFinder.find_spec(name, [place for place in places if self._may_hold(place)])
        is_file = spec is not None and spec.has_location and self.folder.holds(spec.origin or "")
        is_folder = spec is not None and not spec.has_location and spec.submodule_search_locations is not None
        return spec if is_file or is_folder else None

    def _may_hold(self, place: str) -> bool:
        return Path(place) == self.folder.folder or self.folder.holds(place)


def _find(name: str) -> ModuleSpec | None:
    """What would be imported as `name`, were it not imported already."""
    package, _, _ = name.rpartition(".")
    places = _own(sys.modules[package], "__path__", ()) if package in sys.modules else ()
    if package and not places:
        return None
    for finder in sys.meta_path:
        spec = finder.find_spec(name, list(places) if package else None)
        if spec is not None:
            return spec
    return None


def _own(module: object, name: str, default: Any = None) -> Any:
    """An attribute of `module` that is there: some import a great deal when they are asked for another."""
    return getattr(module, "__dict__", {}).get(name, default)
