"""From entries of xinetd to services."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from protocols.daemon.importers.imported import Import, ImportedService, NotCarriedOver, Source
from protocols.daemon.importers.place import Fault, SourceError
from protocols.daemon.importers.program import ordered
from protocols.daemon.importers.xinetd.answering import answer
from protocols.daemon.importers.xinetd.files import read_entries
from protocols.daemon.importers.xinetd.guarding import guard
from protocols.daemon.importers.xinetd.listening import listen
from protocols.daemon.importers.xinetd.logging import log
from protocols.daemon.importers.xinetd.settings import INHERITED, KNOWN, OF_DEFAULTS, Setting, Settings
from protocols.daemon.problems import nearest

LIBWRAP: Final = (
    "where xinetd was built to ask /etc/hosts.allow and /etc/hosts.deny, what these say belongs into "
    "`access` now"
)

_FLAGS: Final = {
    "INTERCEPT": "packets are not looked at on their way to a program that has the socket",
    "IDONLY": "nobody is asked who their users are (RFC 1413); say in access who may come",
    "KEEPALIVE": "SO_KEEPALIVE is not set; limits.idle and program.deadline end what is dead",
    "LABELED": "the context of SELinux is not that of the connection",
}
"""Flags that are not carried over, and why."""

_GRAVE_FLAGS: Final = ("INTERCEPT", "IDONLY", "LABELED")

_MET_FLAGS: Final = ("REUSE", "NORETRY", "NODELAY", "NOLIBWRAP", "NAMEINARGS", "IPv4", "IPv6")
"""Flags that are carried over, or say what Polyport does anyway."""

_BANNER: Final = "nothing is written before the program begins; let a script write it and exec the program"

_MISSED: Final = {
    "banner": _BANNER,
    "banner_success": _BANNER,
    "banner_fail": "who is refused is told nothing",
    "cps": "rates are those of each source, not of all together: limits.connection_rate, 20/s unless said",
    "max_load": "the load of the machine is not looked at; program.processes and nice bound what it does",
    "libwrap": "Polyport does not ask /etc/hosts.allow; say in access who may come",
    "deny_time": "it is for sensors; who is refused again and again is shut out for a while by itself",
    "rpc_version": "it is for RPC",
    "rpc_number": "it is for RPC",
}
"""Attributes that are never carried over, and why."""


def import_xinetd(texts: Mapping[str, str]) -> Import:
    """The services of files, whose texts have been read, and of what these include.

    Raises :class:`SourceError` with everything that is wrong in them.
    """
    entries = read_entries(texts)
    faults: list[Fault] = []
    found = Import(sources=[Source(file, "xinetd") for file in entries.files], missed=[*entries.missed])
    defaults = None
    if entries.defaults is not None:
        defaults = Settings(entries.defaults, None, faults)
        found.missed += [
            note for setting in defaults if (note := _unfit(setting, (*INHERITED, *OF_DEFAULTS)))
        ]
    for entry in entries.services:
        settings = Settings(entry, defaults, faults)
        try:
            found.services.append(_service(settings, defaults))
        except SourceError as error:
            faults += error.faults
    if faults:
        raise SourceError(faults)
    if found.services:
        found.remarks.append(LIBWRAP)
    return found


def _service(settings: Settings, defaults: Settings | None) -> ImportedService:
    service = ImportedService(settings.text("id") or settings.entry.name, settings.entry.place)
    service.is_enabled = _is_enabled(service.name, settings, defaults)
    for attribute in settings.repeated:
        service.miss(attribute.place, attribute.name, "xinetd takes only the first of its lines")
    for setting in settings:
        _look_at(service, setting)
    _types(service, settings)
    if not service.is_possible:
        return service
    scheme = listen(service, settings)
    if scheme is not None:
        answer(service, settings, scheme)
    if scheme is not None and service.is_possible:
        guard(service, settings, scheme)
        log(service, settings)
        if "program" in service.answer:
            service.answer["program"] = ordered(service.answer["program"])
    return service


def _is_enabled(name: str, settings: Settings, defaults: Settings | None) -> bool:
    disabled = settings.text("disable")
    if disabled not in ("", "yes", "no"):
        raise settings.fault("disable", f"yes or no is expected, not {disabled[:40]!r}")
    lists = {key: None if defaults is None else defaults.get(key) for key in OF_DEFAULTS}
    named = lists["disabled"] is not None and name in lists["disabled"].values
    left_out = lists["enabled"] is not None and name not in lists["enabled"].values
    return not (disabled == "yes" or settings.flag("DISABLE") or named or left_out)


def _look_at(service: ImportedService, setting: Setting) -> None:
    """Note what of `setting` is never carried over."""
    unfit = _unfit(setting, [name for name in KNOWN if name not in OF_DEFAULTS])
    if unfit is not None:
        service.missed.append(unfit)
    elif setting.name in _MISSED:
        service.miss(setting.place, f"{setting.name} = {setting.text}", _MISSED[setting.name])
    elif setting.name == "mdns" and setting.text != "no":
        service.miss(
            setting.place, f"mdns = {setting.text}", "services are not announced; a file of Avahi does it"
        )
    elif setting.name == "flags":
        _flags(service, setting)


def _flags(service: ImportedService, setting: Setting) -> None:
    for flag in setting.values:
        if flag == "SENSOR":
            text = "there are no traps; who is refused again and again is shut out for a while by itself"
            service.refuse(setting.place, "flags SENSOR", text)
        elif flag in _FLAGS:
            service.miss(setting.place, f"flags {flag}", _FLAGS[flag], is_grave=flag in _GRAVE_FLAGS)
        elif flag not in (*_MET_FLAGS, "DISABLE"):
            service.miss(setting.place, f"flags {flag}", "this flag is not known")


def _types(service: ImportedService, settings: Settings) -> None:
    types = settings.get("type")
    for kind in [] if types is None else types.values:
        assert types is not None
        if kind == "RPC":
            text = "services are not registered with rpcbind; run it on its own, or with `rpcbind` by systemd"
            service.refuse(types.place, "type RPC", text)
        elif kind in ("TCPMUX", "TCPMUXPLUS"):
            service.refuse(
                types.place, f"type {kind}", "there is no TCPMUX; give the service a port of its own"
            )
        elif kind not in ("INTERNAL", "UNLISTED"):
            service.miss(types.place, f"type {kind}", "this type is not known")


def _unfit(setting: Setting, known: Sequence[str]) -> NotCarriedOver | None:
    """The note for an attribute that is none, or not in this place."""
    if setting.name in known:
        return None
    if setting.name in KNOWN:
        where = "a service" if setting.name in OF_DEFAULTS else "defaults"
        text = f"is not for {where}, and xinetd ignores it"
    else:
        guess = nearest(setting.name, KNOWN)
        text = "this attribute is not known, and xinetd ignores it" + (
            f"; did you mean {guess}?" if guess else ""
        )
    return NotCarriedOver(setting.place, setting.name, text)
