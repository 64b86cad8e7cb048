"""What the source of a module imports, found out without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

CALLS = ("import_module", "__import__")
"""Functions that import what they are told; only names that stand in the source are found."""


@dataclass(frozen=True, slots=True)
class Import:
    """One statement: ``import module``, or ``from module import names``."""

    module: str
    """Without the dots it begins with; empty in ``from . import name``."""
    names: tuple[str, ...] = ()
    level: int = 0
    """How many dots it begins with."""
    binds: bool = False
    """Whether it is ``import a.b``, which gives the name ``a`` to the importer."""

    def absolute(self, importer: str, *, is_package: bool) -> str:
        """The full name of the module that `importer` means; empty if there is none so far up."""
        if not self.level:
            return self.module
        parts = importer.split(".")
        parts = parts[: max(0, len(parts) - self.level + is_package)]
        return ".".join([*parts, self.module] if self.module else parts) if parts else ""


def imports_in(tree: ast.AST) -> Iterator[Import]:
    """Every import in `tree`, those inside of functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, binds=alias.asname is None)
        elif isinstance(node, ast.ImportFrom):
            names = tuple(alias.name for alias in node.names)
            yield Import(node.module or "", names, node.level)
        elif isinstance(node, ast.Call) and (name := _told(node)):
            yield Import(name)


def _told(call: ast.Call) -> str:
    """The name of the module that `call` imports, as far as it stands there."""
    function = call.func
    called = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    first = call.args[0] if call.args else None
    if called not in CALLS or not isinstance(first, ast.Constant) or not isinstance(first.value, str):
        return ""
    return "" if first.value.startswith(".") else first.value
