"""From the specification of a channel to the channel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from protocols.channels.channel import Channel
from protocols.channels.groups import Group, GroupTerms
from protocols.daemon.channels.intake import intake_for
from protocols.daemon.channels.kept import Kept
from protocols.daemon.channels.places import dead_name, dead_names
from protocols.daemon.channels.print import ChannelPrint
from protocols.daemon.channels.stores import Stores
from protocols.daemon.loader import Loaded
from protocols.daemon.misfit import MisfitError
from protocols.daemon.spec.channel import ChannelSpec, settings_of


class ChannelMaker:
    """Makes channels, and has what their stores share."""

    def __init__(self) -> None:
        self._stores = Stores()

    def made(
        self,
        made_of: ChannelPrint,
        spec: ChannelSpec,
        others: Mapping[str, Kept],
        loaded: Loaded,
        reactor: Any,
    ) -> Kept:
        """The channel of `spec`, for which nothing is opened yet.

        :param others: those that get its dead letters, by name, among others.

        Raises :class:`~protocols.daemon.misfit.MisfitError`.
        """
        name, settings = made_of.name, settings_of(spec)
        try:
            store = self._stores.store_for(name, spec, settings, loaded.origin.folder, reactor)
        except RuntimeError as error:
            # One that nobody has listed is there, and what it is, because of another.
            place = name if name in loaded.config.channels else name.removesuffix(dead_name(""))
            raise MisfitError(("channels", place, "store"), str(error)) from error
        channel = Channel(
            name, store, clock=reactor, settings=settings, intake=intake_for(spec, loaded.resolved)
        )
        for group, said in spec.groups.items():
            terms = GroupTerms(float(said.deadline), said.tries, said.inflight)
            dead = others[said.dead or dead_name(name)].channel
            channel.groups[group] = Group(channel, group, terms, dead)
        needs = [others[each] for each in dict.fromkeys(dead_names(name, spec))]
        return Kept(made_of, channel, needs)

    def forget(self, name: str) -> None:
        """What the memory holds of the channel `name` is of no use any more."""
        self._stores.forget(name)
