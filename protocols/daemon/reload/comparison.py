"""What a reload has to do: from what is served and what shall be, to a step for each service."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from protocols.daemon.spec.address import Address

Deed: TypeAlias = Literal["kept", "changed", "added", "removed"]


@dataclass(frozen=True, slots=True)
class Shape:
    """One service, as far as a reload looks at it."""

    addresses: tuple[Address, ...]
    """Where it listens, as the YAML says it."""
    made_of: Hashable = field(repr=False)
    """Everything else: equal where nothing needs to be made anew."""


@dataclass(frozen=True, slots=True)
class Step:
    """What is done with one service."""

    service: str
    deed: Deed
    """``kept``: who is connected does not notice; ``changed``: who comes from now on gets what is new."""
    opened: tuple[Address, ...] = ()
    """Where it did not listen before."""
    closed: tuple[Address, ...] = ()
    """Where it will not listen any more."""


def compare(before: Mapping[str, Shape], after: Mapping[str, Shape]) -> list[Step]:
    """A step for each service: in the order in which they are served from now on, then those that are
    removed."""
    steps = [_step(name, before.get(name), shape) for name, shape in after.items()]
    gone = [name for name in before if name not in after]
    return steps + [Step(name, "removed", closed=before[name].addresses) for name in gone]


def compared(before: Mapping[str, Hashable], after: Mapping[str, Hashable]) -> dict[str, Deed]:
    """What becomes of each of what is named, in the order of `after`, then of what is gone."""
    deeds: dict[str, Deed] = {}
    for name, made_of in after.items():
        deeds[name] = "added" if name not in before else "kept" if before[name] == made_of else "changed"
    return deeds | dict.fromkeys((name for name in before if name not in after), "removed")


def _step(name: str, before: Shape | None, after: Shape) -> Step:
    if before is None:
        return Step(name, "added", opened=after.addresses)
    opened = tuple(address for address in after.addresses if address not in before.addresses)
    closed = tuple(address for address in before.addresses if address not in after.addresses)
    deed: Deed = "kept" if before.made_of == after.made_of else "changed"
    return Step(name, deed, opened, closed)


def summary(steps: list[Step], channels: Mapping[str, Deed] | None = None) -> str:
    """``3 kept, 1 changed, 1 added, 0 dropped``, and how many of those that are kept have moved;
    the same of `channels`, as far as there is any news of them."""
    numbers = {
        deed: sum(step.deed == deed for step in steps) for deed in ("kept", "changed", "added", "removed")
    }
    moved = sum(step.deed == "kept" and bool(step.opened or step.closed) for step in steps)
    text = "{kept} kept, {changed} changed, {added} added, {removed} dropped".format(**numbers)
    if moved:
        text += f"; {moved} with other addresses"
    news = {deed: sum(one == deed for one in (channels or {}).values()) for deed in _NEWS}
    told = [f"{count} {word}" for deed, word in _NEWS.items() if (count := news[deed])]
    return f"{text}; channels: {', '.join(told)}" if told else text


_NEWS: Final[Mapping[Deed, str]] = {"changed": "changed", "added": "added", "removed": "dropped"}
