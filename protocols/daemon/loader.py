"""A YAML file, read whole: either a configuration that can be started, or everything wrong with it."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path as FilePath
from typing import Any, TypeVar

from pydantic import TypeAdapter

from protocols.codec import codec_for
from protocols.daemon.checks import (
    access,
    accounts,
    addresses,
    certificates,
    channels,
    combinations,
    exposure,
    files,
    networks,
    references,
)
from protocols.daemon.checks.parts import Parts
from protocols.daemon.checks.references import Inspect, Resolve
from protocols.daemon.include import Sources
from protocols.daemon.inheritance import inherit
from protocols.daemon.named_networks import NamedNetworks
from protocols.daemon.origin import Origin
from protocols.daemon.problems import ConfigError, Path, Problem, path_text
from protocols.daemon.redaction import Redactor
from protocols.daemon.secrets import Secrets, expand_all
from protocols.daemon.spec.channel import ChannelSpec
from protocols.daemon.spec.config import Config, DefaultsSpec
from protocols.daemon.spec.handler import FunctionSpec, Reference
from protocols.daemon.spec.networks import NetworkMembers
from protocols.daemon.spec.server import ServerSpec
from protocols.daemon.spec.service import ServiceSpec
from protocols.daemon.spec.tls import CertificateSpec, Name
from protocols.daemon.validation import validate
from protocols.handlers.signature import signature_of

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration without a problem."""

    config: Config
    """Paths are absolute, and services have what they inherit from ``defaults``; those with
    ``enabled: false`` are among them."""
    origin: Origin
    """Where each value stands, for what turns out to be wrong later."""
    resolved: Mapping[str, object]
    """What each reference of an enabled service names; empty if ``load`` was given no resolver."""
    networks: NamedNetworks
    """What the names of networks stand for."""
    warnings: tuple[Problem, ...] = ()
    """What can be started as it is, and is probably not meant so."""
    texts: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What was read, by file: other processes can make the same of it."""


def load(
    file: str | FilePath,
    resolve: Resolve | None = None,
    environment: Mapping[str, str] | None = None,
) -> Loaded:
    """Read `file` and all it includes.

    `resolve` finds what ``module:name`` stands for (:func:`protocols.daemon.importing.importer` makes
    one); without it, references are only checked for their form.  Secrets are looked up in
    `environment`, ``os.environ`` unless given.

    Raises :class:`ConfigError` with every problem there is.
    """
    return read(file, environment).resolved(resolve)


def read(
    file: str | FilePath,
    environment: Mapping[str, str] | None = None,
    given: Mapping[str, str] | None = None,
) -> Draft:
    """What :func:`load` does before it resolves references: any thread may do it.

    :param given: what was read once, by file (:attr:`Loaded.texts`), in place of what is in them by now.

    Raises :class:`ConfigError` where there is nothing that could be resolved.
    """
    sources = Sources(FilePath(file), given)
    loading = _Loading(sources, environment)
    if not isinstance(sources.data, dict):
        text = "a mapping is expected here, with services in it"
        raise ConfigError([*sources.problems, loading.origin.problem((), text, safe=True)])
    loading.validate()
    loading.check()
    return Draft(loading)


class Draft:
    """A YAML file that has been read and checked, but for the objects that it names."""

    def __init__(self, loading: _Loading) -> None:
        self._loading = loading

    def resolved(self, resolve: Resolve | None) -> Loaded:
        """The configuration, with its references looked up by `resolve`; this imports the user's modules.

        Raises :class:`ConfigError` with every problem there is.
        """
        loading = self._loading
        resolved: dict[str, object] = {}
        if resolve is not None:
            loading.check_references(resolve, resolved)
        if loading.problems:
            raise ConfigError(loading.problems)
        config = loading.config()
        warnings = tuple(sorted(set(loading.warnings())))
        return Loaded(
            config, loading.origin, resolved, NamedNetworks(config.networks), warnings, loading.texts
        )


class _Loading:
    """One pass over the sections, each by itself, so that no fault hides another."""

    def __init__(self, sources: Sources, environment: Mapping[str, str] | None) -> None:
        self.origin = Origin(sources.file, sources.positions)
        self.texts = sources.texts
        self.problems: list[Problem] = list(sources.problems)
        self._complete = sources.complete
        # A value that is only a guess already has its problem; a second one would mislead.
        self._settled = {path_text(path) for path in sources.faulty}
        self._server: ServerSpec | None = None
        self._defaults: DefaultsSpec | None = None
        self._certificates: dict[str, CertificateSpec] = {}
        self._networks: dict[str, tuple[str, ...]] = {}
        self._channels: dict[str, ChannelSpec] = {}
        self._services: dict[str, ServiceSpec] = {}
        self._warnings: list[Problem] = []
        secrets = Secrets(self.origin.folder, environment)
        self.data, hidden = expand_all(sources.data, secrets, self._unresolved, self._exposed)
        self.origin.hidden = hidden
        self.origin.redact = Redactor(secrets.values)

    def validate(self) -> None:
        """Check every section against the specification."""
        for key in self.data:
            if key not in Config.model_fields:
                self._report([self.origin.problem((key,), Config.unknown(key, self.data), key=True)])
        self._include()
        self._server = self._one(ServerSpec, "server")
        self._defaults = self._one(DefaultsSpec, "defaults")
        self._certificates = dict(self._named(TypeAdapter(CertificateSpec), "certificates"))
        self._networks = dict(self._named(TypeAdapter(NetworkMembers), "networks"))
        self._channels = dict(self._named(TypeAdapter(ChannelSpec), "channels"))
        self._services = dict(self._named(TypeAdapter(ServiceSpec), "services"))
        if not self.data.get("services") and self._complete and not Config.misspelt(self.data):
            text = "services is missing: there is nothing to serve"
            self._report([self.origin.problem(("services",), text, key=True)])

    def check(self) -> None:
        """Check whether the sections fit each other and this machine."""
        parts = self._parts
        for module in (combinations, accounts, addresses, certificates, networks, channels, access, files):
            self._report(module.check(parts))

    def check_references(self, resolve: Resolve, resolved: dict[str, object]) -> None:
        """Check what the sections name, and put it into `resolved`."""
        self._report(references.check(self._parts, resolve, resolved, self._fragments()))

    def warnings(self) -> Iterator[Problem]:
        """What is probably not meant so, once there is no problem."""
        yield from self._warnings
        yield from access.warnings(self._parts)
        yield from exposure.warnings(self._parts)

    @cached_property
    def _parts(self) -> Parts:
        """The sections, which :meth:`validate` has read, with what services inherit."""
        defaults = self._defaults or DefaultsSpec()
        return Parts(
            self.origin,
            self._services,
            {name: inherit(service, defaults) for name, service in self._services.items()},
            self._defaults,
            self._server,
            self._certificates,
            self._names("certificates"),
            self._networks,
            self._names("networks"),
            self._channels,
            self._names("channels"),
            dict(self._groups()),
        )

    def _names(self, section: str) -> tuple[str, ...] | None:
        """The names in a section, valid or not, unless some file could not be read that may have more."""
        names = self.data.get(section) or {}
        return tuple(names) if self._complete and isinstance(names, dict) else None

    def _groups(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """The groups of each channel, also of one that is not valid, if it is known which they are."""
        channels = self.data.get("channels")
        for name, channel in channels.items() if isinstance(channels, dict) else ():
            if isinstance(channel, dict) and "groups" not in ChannelSpec.misspelt(channel):
                groups = channel.get("groups") or {}
                if isinstance(groups, dict):
                    yield name, tuple(groups)

    def _fragments(self) -> Iterator[tuple[Path, str, Inspect]]:
        """Functions and schemas, valid by themselves, of enabled services and channels that are not."""
        for path, entry in self._invalid("services", self._services):
            place: Path = (*path, "function")
            function, _ = validate(TypeAdapter(FunctionSpec), entry.get("function"), place, self.origin)
            if function is not None:
                yield (*place, "call"), function.call, signature_of
        for path, entry in self._invalid("channels", self._channels):
            place = (*path, "schema")
            schema, _ = validate(TypeAdapter(Reference), entry.get("schema"), place, self.origin)
            if schema is not None:
                yield place, schema, codec_for

    def _invalid(self, section: str, valid: Container[str]) -> Iterator[tuple[Path, dict[str, Any]]]:
        """The enabled entries of a section of names that are not `valid`."""
        entries = self.data.get(section)
        for name, entry in entries.items() if isinstance(entries, dict) else ():
            if name not in valid and isinstance(entry, dict) and entry.get("enabled") is not False:
                yield (section, name), entry

    def config(self) -> Config:
        """The whole, once it has no problem."""
        defaults = self._defaults or DefaultsSpec()
        sections = {
            "include": self.data.get("include", ()),
            "server": self._server or ServerSpec(),
            "certificates": self._certificates,
            "networks": {name: list(members) for name, members in self._networks.items()},
            "channels": self._channels,
            "defaults": defaults,
            "services": dict(self._parts.services),
        }
        given = {key: value for key, value in sections.items() if key in self.data}
        return Config.model_validate(given)

    def _include(self) -> None:
        if "include" in self.data:
            field = Config.model_fields["include"]
            adapter: TypeAdapter[Any] = TypeAdapter(field.rebuild_annotation())
            self._valid(adapter, ("include",))

    def _one(self, kind: type[T], section: str) -> T | None:
        if section not in self.data:
            return kind()
        return self._valid(TypeAdapter(kind), (section,))

    def _named(self, kind: TypeAdapter[T], section: str) -> Iterator[tuple[str, T]]:
        """The valid entries of a section that maps names to values."""
        entries = self.data.get(section)
        if entries is None and section not in self.data:
            return
        if not isinstance(entries, dict):
            text = "has no value" if entries is None else "a mapping of names is expected here"
            self._report([self.origin.problem((section,), text, safe=True)])
            return
        for name in entries:
            name_is_valid = self._valid(TypeAdapter(Name), (section, name), name)
            value = self._valid(kind, (section, name))
            if name_is_valid is not None and value is not None:
                yield name, value

    def _valid(self, kind: TypeAdapter[T], path: Path, name: str | None = None) -> T | None:
        """What stands at `path`, or the `name` that leads to it, as a `kind`."""
        data: Any = self.data
        for step in path:
            data = data[step]
        found = validate(kind, data if name is None else name, path, self.origin)
        self._report(found[1])
        return found[0]

    def _exposed(self, path: Path, message: str) -> None:
        self._warnings.append(self.origin.problem(path, message))

    def _unresolved(self, path: Path, message: str) -> None:
        self._report([self.origin.problem(path, message)])
        self._settled.add(path_text(path))

    def _report(self, problems: Iterator[Problem] | list[Problem]) -> None:
        self.problems += [p for p in problems if p.path not in self._settled]
