"""The attributes of a service of xinetd: what it says itself, on top of ``defaults``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, TypeVar

from protocols.daemon.importers.place import Fault, Place, SourceError, ValueFault
from protocols.daemon.importers.xinetd.parser import Attribute, Entry

T = TypeVar("T")

SETS: Final = ("only_from", "no_access", "log_on_success", "log_on_failure", "passenv", "env")
"""Attributes that may be given several times, and with ``+=``."""

INHERITED: Final = (
    *("log_type", "bind", "interface", "per_source", "umask", "log_on_success", "log_on_failure"),
    *("only_from", "no_access", "passenv", "instances", "banner", "banner_success", "banner_fail", "groups"),
    *("cps", "max_load", "v6only", "mdns"),
)
"""What ``defaults`` may say for services."""

OF_DEFAULTS: Final = ("disabled", "enabled")
"""What only ``defaults`` may say."""

KNOWN: Final = (
    *INHERITED,
    *OF_DEFAULTS,
    *("id", "type", "flags", "disable", "socket_type", "protocol", "wait", "user", "group", "nice", "server"),
    *(
        "access_times",
        "deny_time",
        "server_args",
        "libwrap",
        "rpc_version",
        "rpc_number",
        "env",
        "port",
        "redirect",
        "rlimit_as",
    ),
    *("rlimit_files", "rlimit_cpu", "rlimit_data", "rlimit_rss", "rlimit_stack"),
)
"""Every attribute of xinetd.conf(5) and of xinetd's source."""


@dataclass(slots=True)
class Setting:
    """An attribute with all its values, and where it stands (for sets: where it stood last)."""

    name: str
    values: list[str]
    place: Place
    places: dict[str, Place] = field(default_factory=dict)
    """Where each value stands."""

    @property
    def text(self) -> str:
        """The values as one text."""
        return " ".join(self.values)

    def place_of(self, value: str) -> Place:
        """Where `value` stands."""
        return self.places.get(value, self.place)


class Settings:
    """The attributes of an entry by name, sets made up of all lines; ``interface`` is ``bind``."""

    def __init__(self, entry: Entry, defaults: Settings | None, faults: list[Fault]) -> None:
        self.entry = entry
        self._by_name: dict[str, Setting] = {}
        self.repeated: list[Attribute] = []
        """Lines that xinetd ignores, because the attribute was set before."""
        if defaults is not None:
            for setting in defaults:
                if setting.name in INHERITED:
                    copied = Setting(setting.name, [*setting.values], setting.place, {**setting.places})
                    self._by_name[setting.name] = copied
        self._own: set[str] = set()
        for attribute in entry.attributes:
            self._take(attribute, faults)

    def __iter__(self) -> Iterator[Setting]:
        return iter(self._by_name.values())

    def get(self, name: str) -> Setting | None:
        """The attribute `name`, if it is set."""
        return self._by_name.get(name)

    def text(self, name: str) -> str:
        """The values of `name` as one text; empty where it is not set."""
        setting = self._by_name.get(name)
        return "" if setting is None else setting.text

    def place(self, name: str) -> Place:
        """Where `name` is set; the entry, where it is not."""
        setting = self._by_name.get(name)
        return self.entry.place if setting is None else setting.place

    def fault(self, name: str, text: str) -> SourceError:
        """What to raise where the value of `name` is none."""
        return SourceError([Fault(self.place(name), f"{name}: {text}")])

    def read(self, name: str, reader: Callable[[str], T]) -> T:
        """The value of `name`, as `reader` reads it.  Raises :class:`SourceError`."""
        try:
            return reader(self.text(name))
        except ValueFault as error:
            raise self.fault(name, str(error)) from error

    def flag(self, name: str) -> bool:
        """Whether `name` is among the words of ``flags``, in xinetd's spelling."""
        setting = self._by_name.get("flags")
        return setting is not None and name in setting.values

    def _take(self, attribute: Attribute, faults: list[Fault]) -> None:
        name = "bind" if attribute.name == "interface" else attribute.name
        values, place = list(attribute.values), attribute.place
        is_set = name in SETS or (self.entry.is_defaults and name in (*OF_DEFAULTS, "log_type"))
        if attribute.operator != "=" and not is_set:
            faults.append(Fault(place, f"{name} takes only `=`"))
        elif attribute.operator == "-=" and name == "env":
            faults.append(Fault(place, "env does not take `-=`"))
        elif name in self._own and not is_set:
            self.repeated.append(attribute)
        else:
            before = self._before(name, attribute)
            if attribute.operator == "-=":
                values = [value for value in before if value not in attribute.values]
            else:
                values = [*before, *(value for value in values if value not in before)]
            there = self._by_name.get(name)
            places = {} if there is None else there.places
            self._by_name[name] = Setting(
                name, values, place, {value: places.get(value, place) for value in values}
            )
        self._own.add(name)

    def _before(self, name: str, attribute: Attribute) -> list[str]:
        """The values that those of the line are added to, or taken from."""
        there = self._by_name.get(name)
        adds = attribute.operator != "=" or (self.entry.is_defaults and name != "log_type")
        # In a service, `=` takes the place of all that was said before, in `defaults` and in the service.
        return there.values if there is not None and adds else []
