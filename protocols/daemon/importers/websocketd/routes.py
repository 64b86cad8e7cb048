"""What websocketd serves at which path, as routes of ``http``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from protocols.daemon.importers.imported import ImportedService
from protocols.daemon.importers.place import Place
from protocols.daemon.importers.websocketd.options import Options
from protocols.daemon.spec.http import RoutePath
from protocols.daemon.spec.policy import HeaderFields

MAX_SCRIPTS: Final = 1000
"""Scripts of a folder that become routes; more would be no configuration that anybody reads."""

ASIDE: Final = "/websocket"
"""Where the program answers whose place other routes take."""

_ROUTE_PATH: Final[TypeAdapter[str]] = TypeAdapter(RoutePath)
_FIELDS: Final[TypeAdapter[dict[str, str]]] = TypeAdapter(HeaderFields)


@dataclass(frozen=True, slots=True)
class Site:
    """What routes are made of."""

    service: ImportedService
    options: Options
    place: Place
    carrying: dict[str, Any]
    """The settings of ``websocket`` besides its program."""
    program: dict[str, Any]
    """The settings of ``program`` besides its command."""

    def routes(self) -> dict[str, Any]:
        """All routes, by path."""
        texts, routes = self.options.texts, dict[str, Any]()
        static, scripts = texts.get("staticdir", ""), texts.get("cgidir", "")
        if self.options.command:
            path = ASIDE if static or scripts else "/"
            routes[path] = self._websocket(self.options.command)
            if path == ASIDE:
                text = f"a path has one route: files have theirs, WebSocket is at {ASIDE}; let pages go there"
                self.service.miss(self.place, "COMMAND at every path", text)
        if "dir" in texts:
            for path, file in self._files("dir", texts["dir"]):
                routes[path] = self._websocket([file])
        if scripts:
            routes |= self._cgi(scripts, beside=bool(static))
        if static:
            routes["/"] = self._with_fields({"files": static}, "header-http")
        return routes

    def _websocket(self, command: list[str]) -> dict[str, Any]:
        program = {"command": command, **self.program}
        return self._with_fields({"websocket": {"program": program, **self.carrying}}, "header-ws")

    def _cgi(self, folder: str, *, beside: bool) -> dict[str, Any]:
        if not beside:
            return {"/": self._with_fields({"cgi": folder}, "header-http")}
        files = self._files("cgidir", folder)
        return {path: self._with_fields({"cgi": {"program": [file]}}, "header-http") for path, file in files}

    def _files(self, option: str, folder: str) -> Iterator[tuple[str, str]]:
        """The programs below `folder`, each with its path on the site."""
        what, found = f"--{option}={folder}", 0
        for file in _programs(Path(folder)):
            path = "/" + str(file.relative_to(folder))
            try:
                _ROUTE_PATH.validate_python(path)
            except ValidationError:
                self.service.miss(self.place, what, f"{str(file)!r} would have no path in a URL")
                continue
            found += 1
            if found > MAX_SCRIPTS:
                self.service.miss(self.place, what, f"only the first {MAX_SCRIPTS} programs have a route")
                return
            yield path, str(file) if "/" in str(file) else f"./{file}"
        if found:
            text = f"the programs that {folder} had at the import have a route each; others need one"
            self.service.remark(text)
        else:
            text = f"no program was found in {folder} here; write a route for each, as in /name: …"
            self.service.miss(self.place, what, text, is_grave=True)

    def _with_fields(self, route: dict[str, Any], option: str) -> dict[str, Any]:
        """`route`, with the header fields of ``--header`` and of `option`."""
        fields: dict[str, str] = {}
        for key in ("header", option):
            for text in self.options.lists.get(key, ()):
                name, _, value = text.partition(":")
                name, value = name.strip(), value.strip()
                try:
                    _FIELDS.validate_python({name: value})
                except ValidationError as error:
                    why = error.errors()[0]["msg"]
                    self.service.miss(self.place, f"--{key}={text}", why)
                    continue
                if name in fields:
                    self.service.miss(
                        self.place, f"--{key}={text}", "a field has one line; the last is there"
                    )
                fields[name] = value
        return {**route, "headers": fields} if fields else route


def _programs(folder: Path) -> Iterator[Path]:
    """The files below `folder` that can be executed, in order; none if it cannot be read."""
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            file = Path(place) / name
            if os.access(file, os.X_OK) and file.is_file():
                yield file
