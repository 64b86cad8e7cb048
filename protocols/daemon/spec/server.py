"""``server``: the daemon as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import (
    PlainValidator,
    StrictBool,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from protocols.daemon.spec.account import Account, Umask
from protocols.daemon.spec.address import Address
from protocols.daemon.spec.model import Spec
from protocols.daemon.spec.paths import folder_of
from protocols.daemon.spec.sentences import described
from protocols.daemon.spec.trusted import TrustedSpec
from protocols.daemon.spec.values import Duration

WORKERS = 256
"""Processes at most: far more than there are cores to keep busy."""


def _workers(value: Any) -> int | Literal["auto"]:
    if value == "auto":
        return "auto"
    if type(value) is not int or not 1 <= value <= WORKERS:
        problem = f'a number from 1 to {WORKERS} or "auto" is expected, not {described(value)}'
        raise PydanticCustomError("workers", "{problem}", {"problem": problem})
    return value


def _control(value: Any, info: ValidationInfo) -> Address | Literal["auto", "off"]:
    if value in ("auto", "off"):
        return "off" if value == "off" else "auto"
    return _address(value, info, ("unix",), "auto, off or a Unix socket such as unix:///run/polyport.sock")


def _metrics(value: Any, info: ValidationInfo) -> Address | None:
    schemes = ("tcp", "unix")
    return (
        None if value is None else _address(value, info, schemes, "an address such as tcp://127.0.0.1:9117")
    )


def _address(value: Any, info: ValidationInfo, schemes: Sequence[str], expected: str) -> Address:
    problem = f"{expected} is expected, not {described(value)}"
    if isinstance(value, Address):
        return value
    if not isinstance(value, str) or value.partition(":")[0] not in schemes:
        raise PydanticCustomError("address", "{problem}", {"problem": problem})
    try:
        address, folder = Address.parse(value), folder_of(info)
        return address.within(folder) if folder else address
    except ValueError as error:
        raise PydanticCustomError("address", "{problem}", {"problem": str(error)}) from error


class ServerSpec(Spec):
    """The daemon as a whole."""

    drain: Duration = Duration.parse("30s")
    """How long connections may finish their work once the daemon was told to stop, or their service was
    changed by a reload."""
    workers: Annotated[
        int | Literal["auto"],
        PlainValidator(_workers),
        WithJsonSchema({"anyOf": [{"const": "auto"}, {"type": "integer", "minimum": 1, "maximum": WORKERS}]}),
    ] = 1
    """Processes that serve, side by side: a number, or `auto` for one per core that the daemon may use. With
    more than one, the first process binds and watches over them."""
    user: Account | None = None
    """Whom to become once every socket is bound: a name or a number. Only for a daemon that root starts."""
    group: Account | None = None
    """The group to become; unless said, that of `user`, with the user's other groups."""
    umask: Umask | None = None
    """The permissions that files are made without, in octal digits such as `"027"`; sockets have modes of
    their own. Unless said, what the daemon was started with."""
    control: Annotated[
        Address | Literal["auto", "off"],
        PlainValidator(_control),
        WithJsonSchema({"type": "string", "pattern": "^(auto|off|unix:.+)$"}),
    ] = "auto"
    """The socket by which `polyport status`, `reload` and the like reach the daemon; only its user may use
    it. `auto` is one in the directory for such things (see docs/operations.md), `off` is none."""
    metrics: Annotated[
        Address | None,
        PlainValidator(_metrics),
        WithJsonSchema({"type": "string", "pattern": "^(tcp://|unix:).+$"}),
    ] = None
    """Where Prometheus may read metrics, at `/metrics`, besides routes with `metrics`."""
    watch: StrictBool = False
    """Whether to reload by itself when the YAML, a file it includes or a module of its folder changes."""
    trusted: TrustedSpec | None = None
    """Proxies in front of services with `http` that are believed about who asks: networks, and `unix`."""
