"""``function``, ``builtin`` and ``factory``: what answers messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, StrictInt, WithJsonSchema
from pydantic_core import PydanticCustomError

from protocols.daemon.problems import quoted
from protocols.daemon.spec.choice import Known, OneOf
from protocols.daemon.spec.model import Spec
from protocols.daemon.spec.paths import FilePath
from protocols.daemon.spec.sentences import described
from protocols.daemon.spec.tls import Name
from protocols.daemon.spec.values import Duration, PositiveDuration

_REFERENCE = r"^[^\d\W]\w*(\.[^\d\W]\w*)*:[^\d\W]\w*(\.[^\d\W]\w*)*$"


def _reference(value: Any) -> str:
    text = ""
    if not isinstance(value, str):
        text = f"a reference such as module:function is expected, not {described(value)}"
    else:
        module, colon, name = value.partition(":")
        named = [*module.split("."), *name.split(".")]
        if not colon:
            text = f"{quoted(value)} lacks the colon between module and name{_colon_hint(value)}"
        elif not all(part.isidentifier() for part in named):
            text = f"{quoted(value)} is not of the form module:name"
    if text:
        raise PydanticCustomError("reference", "{problem}", {"problem": text})
    return str(value)


def _colon_hint(value: str) -> str:
    module, dot, name = value.removesuffix(".py").rpartition(".")
    return f"; did you mean {module}:{name}?" if dot and module and name.isidentifier() else ""


Reference = Annotated[
    str,
    BeforeValidator(_reference),
    WithJsonSchema({"type": "string", "pattern": _REFERENCE, "examples": ["functions:shout"]}),
]
"""A Python object as ``module:attribute`` or ``package.module:attribute.attribute``."""


class FunctionSpec(Spec):
    """A Python function that answers messages."""

    short = "call"

    call: Reference
    """The function, as `module:name`. Modules are looked for in the folder of the YAML file too."""
    run: Annotated[Literal["loop", "threads", "processes"], Known()] | None = None
    """Where it runs: in the event `loop`, in `threads` or in `processes`. Unless said, `async def`
    runs in the loop and `def` in threads."""
    workers: Annotated[StrictInt, Field(ge=1)] | None = None
    """How many threads or processes; unless said, as many as suit the machine."""
    timeout: PositiveDuration = Duration.parse("30s")
    """How long one call may take; then the peer gets an error, and a process is ended."""
    codec: Annotated[Literal["json", "msgpack", "text", "bytes", "pickle"], Known()] | None = None
    """How bytes become values; unless said, the function's annotation decides."""
    publish: Name | None = None
    """The channel that its replies are published in, instead of being sent to the peer, who is told so as any
    publisher is."""

    @classmethod
    def faults(cls, data: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
        if data.get("run") == "loop" and data.get("workers") is not None:
            yield ("workers",), "a function that runs in the loop has no workers"


class BareSpec(Spec):
    """Something that has no settings."""


class QotdSpec(Spec):
    """Settings of the quote of the day."""

    file: FilePath | None = None
    """A text file of quotes, with a line that holds only `%` between them; unless said, the quotes
    that are built in."""


class BuiltinSpec(OneOf):
    """One of the classic services: a name, or a name with its settings."""

    listening: ClassVar[tuple[str, ...]] = ("echo", "discard")
    """Those that take what the peer sends for messages; the others only speak."""

    echo: BareSpec | None = None
    """Sends back what it gets (RFC 862)."""
    discard: BareSpec | None = None
    """Takes everything and says nothing (RFC 863)."""
    daytime: BareSpec | None = None
    """Says the date and time as text (RFC 867)."""
    time: BareSpec | None = None
    """Says the time as a 32-bit number (RFC 868)."""
    chargen: BareSpec | None = None
    """Sends characters without end (RFC 864)."""
    qotd: QotdSpec | None = None
    """Says a quote of the day (RFC 865)."""
