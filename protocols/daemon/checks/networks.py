"""Names of networks: known, and not made of one another."""

from __future__ import annotations

from collections.abc import Iterator

from protocols.daemon.checks.parts import Parts
from protocols.daemon.named_networks import NamedNetworks
from protocols.daemon.problems import Path, Problem, known_help, quoted
from protocols.daemon.spec.networks import RESERVED, is_name


def check(parts: Parts) -> Iterator[Problem]:
    """Entries whose names mean something else, or that are made of themselves; names that nothing has."""
    for name in parts.networks:
        if name in RESERVED:
            text = f"{name} means something already; choose another name"
            yield parts.origin.problem(("networks", name), text, key=True)
    for cycle in NamedNetworks(parts.networks).cycles():
        path: Path = ("networks", cycle[0], parts.networks[cycle[0]].index(cycle[1]))
        text = f"these networks are made of one another: {' → '.join(cycle)}"
        yield parts.origin.problem(path, text)
    if parts.network_names is None:
        return
    known = tuple(dict.fromkeys((*parts.network_names, *RESERVED)))
    for path, members in parts.network_lists():
        for index, member in enumerate(members):
            if is_name(member) and member not in known:
                text = f"there is no network {quoted(member)}"
                help_text = known_help(member, known, "known networks")
                yield parts.origin.problem((*path, index), text + help_text)
