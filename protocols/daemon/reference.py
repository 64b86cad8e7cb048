"""The reference page of the manual, written from the specification classes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from protocols.daemon.spec.address import Address
from protocols.daemon.spec.config import Config
from protocols.daemon.spec.http import PlainRouteSpec
from protocols.daemon.spec.model import Spec
from protocols.daemon.spec.values import Duration, Size

HEAD = """# Reference of the YAML

This page is made from the classes that check the YAML: `python -m protocols.daemon.reference`.

- Durations are written `500ms`, `10s`, `5m`, `2h`, `7d` or `1h30m`; sizes `512`, `64KiB` or `1MB`.
- Relative paths begin in the folder of the YAML file, where Python modules are looked for too, after the
  installed ones.
- What needs no settings is a name (`framing: lines`); with settings it is a mapping of that name
  (`framing: {lines: {limit: 16KiB}}`).
- Any text may refer to a secret: `${env:NAME}`, `${file:path}`, `${credential:NAME}`.
- `on`, `yes` and dates are plain text; `022` is refused.

Addresses:

| address | listens on |
|---|---|
| `tcp://HOST:PORT`, `tls://HOST:PORT` | an IP address (IPv6 in brackets) or every address of a host name; \
no host: every interface, IPv4 and IPv6; port 0: one that the system chooses, and the log names |
| `udp://HOST:PORT` | the same for datagrams; a multicast group is joined: `udp://239.1.1.1:5000%eth0` |
| `unix:PATH`, `unixgram:PATH` | a Unix socket, for streams or datagrams; its path is made with mode 0660 |
| `unix:@NAME`, `unixgram:@NAME` | one in Linux's abstract namespace, open to everybody on the machine |
| `fd://NAME` | the sockets that systemd hands over under that name |
"""

FIRST = ("include", "server", "certificates", "networks", "services", "channels", "defaults")
"""The order of the sections: what `defaults` repeats is explained where it stands first."""

_TITLES: dict[type[Any], str] = {
    str: "text",
    int: "number",
    bool: "true or false",
    bytes: "text",
    Duration: "duration",
    Size: "size",
    Address: "address",
    PlainRouteSpec: "`true`",
}


def reference() -> str:
    """The page, in Markdown: a section for each mapping of the YAML, outermost first."""
    sections = [HEAD]
    for path, model in _mappings("", Config, set()):
        sections.append(_section(path, model))
    return "\n".join(sections)


def _mappings(path: str, model: type[Spec], seen: set[type[Spec]]) -> Iterator[tuple[str, type[Spec]]]:
    """Every mapping there is, once, with the path at which it first stands."""
    if model in seen:
        return
    seen.add(model)
    if not model.model_fields:
        return
    yield path, model
    fields = model.model_fields
    order = FIRST if model is Config else tuple(fields)
    for name, field in sorted(fields.items(), key=lambda item: order.index(item[0])):
        below = f"{path}.{name}" if path else name
        for inner, is_named in _specs(field.annotation):
            yield from _mappings(f"{below}.NAME" if is_named else below, inner, seen)


def _specs(annotation: Any, is_named: bool = False) -> Iterator[tuple[type[Spec], bool]]:
    """The specification classes in `annotation`, and whether they are values of a mapping of names."""
    if isinstance(annotation, type) and issubclass(annotation, Spec):
        yield annotation, is_named
    for argument in get_args(annotation):
        yield from _specs(argument, is_named or get_origin(annotation) is dict)


def _section(path: str, model: type[Spec]) -> str:
    title = f"`{path}`" if path else "The file"
    lines = [f"\n## {title}\n", _words(model.__doc__ or ""), ""]
    if model.choices:
        lines += [f"Exactly one of {', '.join(f'`{name}`' for name in model.choices)}.", ""]
    if model.short:
        lines += [f"A text alone stands for `{model.short}`.", ""]
    lines += ["| key | value | default | |", "|---|---|---|---|"]
    lines += [_row(name, field) for name, field in model.model_fields.items()]
    return "\n".join(lines)


def _row(name: str, field: FieldInfo) -> str:
    kind = " or ".join(dict.fromkeys(_kinds(field.annotation)))
    return f"| `{name}` | {kind} | {_default(field)} | {_words(field.description or '')} |"


def _kinds(annotation: Any) -> Iterator[str]:
    """What may stand there, in words."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation is type(None):
        return
    if origin is Literal:
        yield ", ".join(f"`{value}`" for value in arguments)
    elif origin is dict:
        yield "a mapping of names"
    elif origin is tuple:
        inner = " or ".join(_kinds(arguments[0]))
        yield f"{inner}, or a list"
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield _TITLES.get(annotation, "a mapping")
    elif isinstance(annotation, type):
        yield _TITLES.get(annotation, "path" if annotation.__name__ == "Path" else annotation.__name__)
    elif origin is Union or arguments:
        for argument in arguments:
            if not _is_metadata(argument):
                yield from _kinds(argument)


def _is_metadata(argument: Any) -> bool:
    """Whether an argument of Annotated says something about the type that stands before it."""
    return not (isinstance(argument, type) or get_origin(argument) is not None or argument is type(None))


def _default(field: FieldInfo) -> str:
    default = field.default
    if field.is_required():
        return "needed"
    if (
        default is None
        or default is PydanticUndefined
        or isinstance(default, BaseModel)
        or default in ((), {})
    ):
        return ""
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, tuple):
        return f"`[{', '.join(map(str, default))}]`"
    return f"`{default}`"


def _words(text: str) -> str:
    return " ".join(text.split())


if __name__ == "__main__":
    print(reference())  # noqa: T201 - this is what it is for
