"""The channels of a process, from its first configuration to its end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from twisted.internet.defer import Deferred, DeferredList
from twisted.python.failure import Failure

from protocols.channels.channel import Channel
from protocols.channels.directory import HERE
from protocols.channels.forward import Forward
from protocols.daemon.channels.forwarding import forward_for
from protocols.daemon.channels.forwards import Forwards, Wanted
from protocols.daemon.channels.kept import Kept
from protocols.daemon.channels.making import ChannelMaker
from protocols.daemon.channels.places import all_channels, forward_dead
from protocols.daemon.channels.print import Digests, digests_of, prints
from protocols.daemon.loader import Loaded
from protocols.daemon.misfit import Misfits
from protocols.daemon.occurrence import Occurrence
from protocols.daemon.problems import ConfigError
from protocols.daemon.reload.comparison import Deed, compared
from protocols.daemon.spec.channel import ChannelSpec
from protocols.daemon.spec.channel_forward import ChannelForwardSpec


class ChannelRegistry:
    """The channels that are open here, and what they have in common over reloads.

    :param forwards: whether messages are passed on from here: of several processes that serve, one does.

    .. attribute:: kept

       Those of the configuration that is served, by name, and those for dead letters that need not be listed.
    """

    def __init__(self, *, forwards: bool = True) -> None:
        self.kept: Mapping[str, Kept] = {}
        self._forwards: Forwards | None = Forwards(_forward) if forwards else None
        self._made: set[Kept] = set()
        self._maker = ChannelMaker()
        self._specs: Mapping[str, ChannelSpec] = {}
        self._is_running = False
        self._stopped: Occurrence[None] | None = None

    @property
    def channels(self) -> dict[str, Channel]:
        """Those of the configuration, by name."""
        return {name: kept.channel for name, kept in self.kept.items()}

    def earlier(self, name: str) -> Sequence[Channel]:
        """What the channel `name` was before reloads, where what was begun then still uses it."""
        listed = self.kept.get(name)
        return [one.channel for one in self._made if one.name == name and one.is_open and one is not listed]

    @property
    def forwards(self) -> Forwards | None:
        """Those to whom messages are passed on from here."""
        return self._forwards

    def proposed(self, loaded: Loaded, reactor: Any, digests: Digests = lambda references: {}) -> Proposal:
        """The channels that `loaded` says: those that are here already and have not changed, and new ones,
        which nothing is opened for yet.

        Raises :class:`~protocols.daemon.problems.ConfigError`.
        """
        specs = all_channels(loaded.config.channels)
        made_of = prints(specs, loaded.origin.folder, digests)
        found: dict[str, Kept] = {}
        misfits = Misfits()
        for name, printed in made_of.items():
            now = self.kept.get(name)
            if now is not None and now.made_of == printed:
                found[name] = now
                continue
            # What cannot be made for its dead letters is the fault of both.
            with misfits.collected():
                if all(dead.name in found for dead in printed.dead):
                    found[name] = made = self._maker.made(printed, specs[name], found, loaded, reactor)
                    if now is not None:
                        # It is the same one to whoever counts, and no count falls when the former one closes.
                        made.channel.counts = now.channel.counts
        if misfits.found:
            for one in found.values():
                if not one.is_listed:
                    one.close()
            raise ConfigError(loaded.origin.problem(each.path, str(each)) for each in misfits.found)
        return Proposal(self, {name: found[name] for name in specs}, specs, self._deeds(specs, found))

    def run(self) -> None:
        """Everything is served: pass on messages, too."""
        self._is_running = True
        self._pass_on()

    def stop_forwards(self) -> Deferred[Any]:
        """Pass nothing on any more: another process will."""
        self._is_running = False
        return DeferredList([] if self._forwards is None else [self._forwards.stop()], consumeErrors=True)

    def stop(self) -> Deferred[None]:
        """End everything; for when nothing is served any more."""
        if self._stopped is None:
            self._stopped = Occurrence()
            self.stop_forwards().addCallback(self._close)
        return self._stopped.when()

    def take(self, kept: Mapping[str, Kept], specs: Mapping[str, ChannelSpec]) -> None:
        """These are the channels from now on."""
        former, self.kept, self._specs = self.kept, kept, specs
        for one in kept.values():
            one.is_listed = True
            self._made.add(one)
        HERE.replace(self.channels)
        for name, spec in specs.items():
            if spec.store.memory is None:
                self._maker.forget(name)
        if self._is_running:
            self._pass_on()
        for name, one in former.items():
            if name not in specs:
                self._maker.forget(name)
            if kept.get(name) is not one:
                one.unlist()
        self._made = {one for one in self._made if one.is_listed or not one.is_over}

    def let_go(self, kept: Iterable[Kept]) -> None:
        """These are not to be channels, after all."""
        for one in kept:
            one.close()
            if not one.is_over:
                self._made.add(one)

    def _pass_on(self) -> None:
        if self._forwards is not None:
            self._forwards.change(
                {
                    (name, target): self._wanted(name, spec, forward)
                    for name, spec in self._specs.items()
                    for target, forward in spec.forward.items()
                }
            )

    def _wanted(self, name: str, spec: ChannelSpec, forward: ChannelForwardSpec) -> Wanted:
        dead = forward_dead(name, spec)
        files = digests_of((forward.tls.ca, forward.tls.certificate, forward.tls.key))
        return Wanted(forward, files, self.kept[name], None if dead is None else self.kept[dead])

    def _deeds(self, specs: Mapping[str, ChannelSpec], found: Mapping[str, Kept]) -> Mapping[str, Deed]:
        before = {name: (kept.made_of, self._specs[name].forward) for name, kept in self.kept.items()}
        return compared(before, {name: (found[name].made_of, spec.forward) for name, spec in specs.items()})

    def _close(self, _: object) -> None:
        closing: Deferred[Any] = DeferredList([self._close_one(one) for one in self._made])
        closing.addCallback(self._closed)

    def _close_one(self, kept: Kept) -> Deferred[None]:
        """Close `kept` once all whose dead letters it gets are closed."""
        users = [self._close_one(one) for one in self._made if kept in one.needs]
        return DeferredList(users).addCallback(lambda _: kept.close())

    def _closed(self, _: object) -> None:
        HERE.replace({})
        assert self._stopped is not None
        self._stopped.happened(None)


class Proposal:
    """Channels that have been made for a configuration; they are taken or discarded, once.

    .. attribute:: kept

       All of them, by name.

    .. attribute:: deeds

       What differs from those that are open.
    """

    def __init__(
        self,
        registry: ChannelRegistry,
        kept: Mapping[str, Kept],
        specs: Mapping[str, ChannelSpec],
        deeds: Mapping[str, Deed],
    ) -> None:
        self.registry = registry
        self.kept = kept
        self.deeds = deeds
        self._specs = specs

    def open(self) -> Deferred[Any]:
        """Open those that are new; fails with :class:`~protocols.daemon.channels.kept.OpenError`, for the
        first of those that cannot be."""
        opening = DeferredList([one.open() for one in self.kept.values()], consumeErrors=True)
        return opening.addCallback(_all_open)

    def take(self) -> None:
        """They are the channels of this process from now on."""
        self.registry.take(self.kept, self._specs)

    def discard(self) -> None:
        """They are not: what was opened for them is closed."""
        self.registry.let_go([one for one in self.kept.values() if not one.is_listed])


def _forward(name: str, wanted: Wanted) -> Forward:
    channel = wanted.kept.channel
    dead = None if wanted.dead is None else wanted.dead.channel
    return forward_for(name, wanted.spec, channel, dead, channel.clock)


def _all_open(results: list[tuple[bool, Any]]) -> Failure | None:
    return next((result for done, result in results if not done), None)
