"""Channels: there where they are named, each in a place of its own, and fit for what they are used for."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping

from protocols.daemon.channels.places import dead_names, forward_dead, place_of
from protocols.daemon.checks.parts import ChannelUse, Parts, channel_uses
from protocols.daemon.problems import Path, Problem, known_help, path_text, quoted
from protocols.daemon.spec.channel import ChannelSpec
from protocols.daemon.spec.channel_use import ChannelUseSpec
from protocols.daemon.spec.tls import is_name


def check(parts: Parts) -> Iterator[Problem]:
    """Names that no channel has, and groups that it does not have; dead letters that would go nowhere or
    round and round; places that two channels would share; memory that workers would not share; datagrams for
    what needs a stream."""
    for name, service in parts.own.items():
        for use in channel_uses(("services", name), service):
            yield from _use(parts, use, is_served=service.enabled)
        if service.channel is not None and service.channel.mode != "publish":
            for index, address in enumerate(service.listen):
                if address.family == "datagram":
                    text = (
                        f"mode: {service.channel.mode} needs a stream, and {address.scheme} carries datagrams"
                    )
                    yield parts.origin.problem(("services", name, "listen", index), text, safe=True)
    yield from _dead(parts)
    yield from _places(parts)
    yield from _workers(parts)


def _use(parts: Parts, use: ChannelUse, *, is_served: bool) -> Iterator[Problem]:
    if parts.channel_names is None:
        return
    known = (*parts.channel_names, *(each for each in parts.all_channels if each not in parts.channel_names))
    if use.channel not in known:
        text = f"there is no channel {quoted(use.channel)}"
        help_text = known_help(use.channel, parts.listed_channels, "known channels")
        yield parts.origin.problem(use.path, text + help_text)
    spec = parts.channels.get(use.channel)
    if spec is not None and not spec.enabled and is_served:
        yield parts.origin.problem(use.path, f"the channel {use.channel} is not enabled")
    groups = parts.channel_groups.get(use.channel)
    if groups is not None and isinstance(use.spec, ChannelUseSpec) and use.spec.group is not None:
        group = use.spec.group
        if group not in groups:
            text = f"the channel {use.channel} has no group {quoted(group)}"
            help_text = known_help(group, filter(is_name, groups), "known groups")
            yield parts.origin.problem((*use.place, "group"), text + help_text)


def _dead(parts: Parts) -> Iterator[Problem]:
    for name, spec in parts.channels.items():
        for group, terms in spec.groups.items():
            path: Path = ("channels", name, "groups", group, "dead")
            if terms.dead is None or parts.channel_names is None:
                continue
            if terms.dead not in (*parts.channel_names, *parts.all_channels):
                text = f"there is no channel {quoted(terms.dead)}"
                help_text = known_help(terms.dead, parts.listed_channels, "known channels")
                yield parts.origin.problem(path, text + help_text)
            elif spec.enabled and terms.dead not in parts.all_channels and terms.dead in parts.channels:
                yield parts.origin.problem(path, f"the channel {terms.dead} is not enabled")
    done: set[str] = set()
    for name in parts.all_channels:
        for circle in _circles(parts.all_channels, name, [], done):
            first, second = circle[:2]
            path = ("channels", first, *_giving_up(parts.all_channels[first], second))
            if len(circle) == 2:
                text = "a channel cannot be that of its own dead letters"
            else:
                text = f"dead letters would go round in a circle: {' → '.join(circle)}"
            yield parts.origin.problem(path, text)


def _circles(
    channels: Mapping[str, ChannelSpec], name: str, trail: list[str], done: set[str]
) -> Iterator[tuple[str, ...]]:
    """Channels that get the dead letters of one another, each circle once."""
    if name in trail:
        yield (*trail[trail.index(name) :], name)
    elif name in channels and name not in done:
        for dead in dict.fromkeys((*dead_names(name, channels[name]), *_of_forwards(name, channels[name]))):
            yield from _circles(channels, dead, [*trail, name], done)
        done.add(name)


def _of_forwards(name: str, spec: ChannelSpec) -> tuple[str, ...]:
    dead = forward_dead(name, spec)
    return () if dead is None else (dead,)


def _giving_up(spec: ChannelSpec, dead: str) -> Path:
    """Where it is said that `dead` gets dead letters of the channel of `spec`."""
    for group, terms in spec.groups.items():
        if terms.dead == dead:
            return "groups", group, "dead"
    return ("groups",) if spec.groups else ("forward",)


def _places(parts: Parts) -> Iterator[Problem]:
    taken: dict[Hashable, str] = {}
    for name, spec in parts.all_channels.items():
        place = place_of(name, spec, parts.origin.folder)
        first = taken.setdefault(place, name)
        if first != name:
            where = parts.origin.place(("channels", first), key=True)
            what = "stream" if spec.store.nats is not None else "file"
            listed = path_text(("channels", first))
            text = (
                f"the messages of {listed} at {where} are kept in the same {what}; each channel has its own"
            )
            yield parts.origin.problem(("channels", name, "store"), text, safe=True)


def _workers(parts: Parts) -> Iterator[Problem]:
    workers = 1 if parts.server is None else parts.server.workers
    if workers == 1:
        return
    for name, spec in parts.channels.items():
        if spec.enabled and spec.store.memory is not None:
            text = (
                f"with workers: {workers}, each process would have messages of its own in its memory; "
                "take sqlite, which they share"
            )
            yield parts.origin.problem(("channels", name, "store"), text, safe=True)
