"""The user's code imported anew beside what is there: it comes in its place as a whole, or not at all."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from types import FunctionType, ModuleType, TracebackType
from typing import Final, Self

from protocols.daemon.importing import ResolveError, where_raised
from protocols.daemon.reload.user_folder import UserFolder

SELFTEST: Final = "selftest"
"""The function of a module that says whether it works."""


class Aside:
    """Takes the modules `affected` out of ``sys.modules``, so that who asks for them gets them anew.

    Functions that run meanwhile go on with the modules that they have.  What the new modules do to others,
    such as a registry that stays, is not undone.  Use it in a ``with`` statement: without :meth:`commit`, and
    whatever is raised, all is as before afterwards.
    """

    def __init__(self, folder: UserFolder, affected: Iterable[str], resolve: Callable[[str], object]) -> None:
        self._folder = folder
        self._resolve = resolve
        self._before = folder.modules()
        self._taken = {name: self._before[name] for name in sorted(affected)}
        self._attributes: list[tuple[ModuleType, str, object]] = []
        """What stood for the modules taken, in packages that stay."""
        self._open = True
        folder.forget_listings()
        for name, module in self._taken.items():
            del sys.modules[name]
            package, _, last = name.rpartition(".")
            parent = None if package in self._taken else self._before.get(package)
            if parent is not None and parent.__dict__.get(last) is module:
                self._attributes.append((parent, last, module))
                delattr(parent, last)
            _forget_compiled(module)
        self._known = set(sys.modules)
        """The modules that were there before, and those that have been tested."""

    def resolve(self, reference: str) -> object:
        """What ``module:attribute`` names, of the new modules, each of which has passed its ``selftest``.

        Raises :class:`ResolveError`.
        """
        found = self._resolve(reference)
        new = sys.modules.keys() - self._known
        if new:
            self._known |= new
            # Those that were imported first are needed by the others.
            for name in [name for name in sys.modules.copy() if name in new]:
                module = sys.modules[name]
                if isinstance(module, ModuleType) and self._folder.is_ours(name, module):
                    self._test(name, module)
        return found

    def commit(self) -> None:
        """The new modules stay."""
        self._close()

    def roll_back(self) -> None:
        """The old modules are back, and the new ones gone.  Nothing happens after :meth:`commit`."""
        if not self._open:
            return
        for name, module in self._new().items():
            del sys.modules[name]
            package, _, last = name.rpartition(".")
            parent = self._before.get(package)
            if parent is not None and parent.__dict__.get(last) is module:
                delattr(parent, last)
        sys.modules.update(self._taken)
        for parent, name, value in self._attributes:
            setattr(parent, name, value)
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.roll_back()

    def _close(self) -> None:
        self._open = False
        self._before, self._taken, self._attributes, self._known = {}, {}, [], set()

    def _new(self) -> dict[str, ModuleType]:
        """The modules of the user that have come since."""
        staying = {name: module for name, module in self._before.items() if name not in self._taken}
        now = self._folder.modules()
        return {name: module for name, module in now.items() if staying.get(name) is not module}

    def _test(self, name: str, module: ModuleType) -> None:
        test = module.__dict__.get(SELFTEST)
        if not isinstance(test, FunctionType) or test.__module__ != name or not _takes_nothing(test):
            return
        if (
            inspect.iscoroutinefunction(test)
            or inspect.isasyncgenfunction(test)
            or inspect.isgeneratorfunction(test)
        ):
            raise ResolveError(
                f"{SELFTEST}() of the module {name} must be a plain function, which returns at once"
            )
        try:
            answer = test()
        except (Exception, SystemExit) as error:
            where = where_raised(error, self._folder.folder)
            raise ResolveError(f"{SELFTEST}() of the module {name} failed: {where}") from error
        if answer is False:
            raise ResolveError(f"{SELFTEST}() of the module {name} returned False")


def _takes_nothing(function: FunctionType) -> bool:
    try:
        inspect.signature(function).bind()
    except TypeError:
        return False
    return True


def _forget_compiled(module: ModuleType) -> None:
    """Remove the ``.pyc`` of `module`: worker processes may take it for that of a new source, if both are of
    one second."""
    file, cached = module.__dict__.get("__file__"), module.__dict__.get("__cached__")
    # A module may be nothing but a .pyc.
    if cached and cached != file:
        with suppress(OSError):
            Path(cached).unlink()
