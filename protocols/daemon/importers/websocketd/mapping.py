"""From command lines of websocketd to services."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from protocols.daemon.importers import amounts
from protocols.daemon.importers.imported import Import, ImportedService, Source
from protocols.daemon.importers.place import Fault, Place, SourceError, ValueFault
from protocols.daemon.importers.program import ordered
from protocols.daemon.importers.websocketd.command_lines import CommandLine, command_lines
from protocols.daemon.importers.websocketd.options import Options, parse
from protocols.daemon.importers.websocketd.routes import Site
from protocols.daemon.spec.address import Address, ip_address
from protocols.daemon.spec.websocket import Origin

COMMAND_LINE: Final = Place("command line")

FOLDER: Final = "relative paths begin in the folder of this file, and no longer where websocketd was started"
VARIABLES: Final = (
    "programs may miss variables of CGI that websocketd gave them, such as QUERY_STRING; who asks stands in "
    "TCPREMOTEIP"
)
ANYWHERE: Final = 'pages of every site may connect (`origins: "*"`), as before; name those that may'

_LEVELS: Final = ("debug", "trace", "access", "info", "error", "fatal")
_ORIGIN: Final[TypeAdapter[str]] = TypeAdapter(Origin)


def import_command(words: Sequence[str]) -> Import:
    """The service of one command line, of which `words` stand behind ``websocketd``.

    Raises :class:`SourceError`.
    """
    return _import([CommandLine(tuple(words), COMMAND_LINE)], Source("a command line of websocketd"))


def import_websocketd(file: str, text: str) -> Import:
    """The services of the command lines in `text`, which messages call `file`.

    Raises :class:`SourceError`.
    """
    return _import(command_lines(text, file), Source(file, "websocketd"))


def _import(lines: Sequence[CommandLine], source: Source) -> Import:
    found, faults = Import(sources=[source]), list[Fault]()
    for line in lines:
        try:
            found.services += _services(line)
        except ValueFault as fault:
            faults.append(Fault(line.place, str(fault)))
    if faults:
        raise SourceError(faults)
    found.remarks += [FOLDER, VARIABLES]
    return found


def _services(line: CommandLine) -> list[ImportedService]:
    options = parse(line.words)
    _check(options)
    service = ImportedService(_name(options), line.place)
    if line.is_of_shell:
        for word in line.words:
            if re.search(r"\$[A-Za-z_{(0-9@*]|`", word):
                text = "what the shell puts there is not known; write it"
                service.miss(line.place, word, text, is_grave=True)
    _listen(service, options)
    _tls(service, options)
    site = Site(service, options, line.place, _carrying(service, options), _program(service, options))
    service.answer["http"] = site.routes()
    _log(service, options)
    for name, text in (
        ("reverselookup", "names of hosts are not looked up"),
        ("devconsole", "there is no such page; `polyport send` talks to a WebSocket"),
    ):
        if options.switches.get(name):
            service.miss(line.place, f"--{name}", text)
    redirect = _redirect(service, options)
    return [service] if redirect is None else [service, redirect]


def _check(options: Options) -> None:
    for name in ("version", "license", "help", "h"):
        if options.switches.get(name):
            raise ValueFault(f"--{name} serves nothing")
    texts = options.texts
    if options.command and "dir" in texts:
        raise ValueFault("a command and --dir: only one of them, says websocketd")
    if not options.command and not {"dir", "staticdir", "cgidir"} & texts.keys():
        raise ValueFault("a command is missing, or --dir, --staticdir or --cgidir")
    pair = {"sslcert", "sslkey"} & texts.keys()
    if options.switches.get("ssl") and len(pair) < 2:
        raise ValueFault("--ssl needs --sslcert and --sslkey")
    if pair and not options.switches.get("ssl"):
        raise ValueFault("--sslcert and --sslkey are for --ssl")
    if texts.get("loglevel", "access") not in _LEVELS:
        raise ValueFault(f"--loglevel: {texts['loglevel'][:40]!r} is not known; known: {', '.join(_LEVELS)}")


def _name(options: Options) -> str:
    if options.command:
        return PurePath(options.command[0]).stem
    return next(
        PurePath(options.texts[key]).name for key in ("dir", "staticdir", "cgidir") if key in options.texts
    )


def _listen(service: ImportedService, options: Options) -> None:
    scheme = "tls" if options.switches.get("ssl") else "tcp"
    port = options.numbers.get("port", 0) or (443 if scheme == "tls" else 80)
    socket = options.texts.get("unixsocket")
    only_socket = not ({"port", "redirport"} & options.numbers.keys() or options.lists.get("address"))
    if socket:
        service.listen.append(_url(f"unix:{'//' if socket.startswith('/') else ''}{socket}"))
        if scheme == "tls":
            text = "a Unix socket has no TLS here"
            service.miss(service.place, f"--unixsocket={socket}", text, is_grave=True)
    if not (socket and only_socket):
        service.listen += [_url(f"{scheme}://{host}:{port}") for host in _hosts(options)]


def _hosts(options: Options) -> list[str]:
    """The hosts of URLs; empty for every address."""
    hosts = []
    for text in options.lists.get("address", [""]):
        plain = text.strip("[]")
        hosts.append(f"[{plain}]" if ":" in plain and ip_address(plain) is not None else plain)
    return hosts


def _url(text: str) -> str:
    try:
        return str(Address.parse(text))
    except ValueError as error:
        raise ValueFault(str(error)) from error


def _tls(service: ImportedService, options: Options) -> None:
    if options.switches.get("ssl"):
        texts = options.texts
        tls: dict[str, Any] = {"certificate": {"certificate": texts["sslcert"], "key": texts["sslkey"]}}
        if texts.get("sslca"):
            tls["client"] = {"ca": texts["sslca"]}
        service.around["tls"] = tls
    elif "sslca" in options.texts:
        raise ValueFault("--sslca is for --ssl")


def _carrying(service: ImportedService, options: Options) -> dict[str, Any]:
    """The settings of ``websocket`` besides its program."""
    found: dict[str, Any] = {}
    origins = _origins(service, options)
    if origins is not None:
        found["origins"] = origins
    if options.switches.get("binary"):
        found["replies"] = "binary"
    if "pingms" in options.numbers:
        found["ping"] = amounts.seconds(max(options.numbers["pingms"], 0) / 1000)
    if "maxframesize" in options.numbers:
        size = options.numbers["maxframesize"]
        if size > 0:
            found["limit"] = amounts.size(size)
        else:
            service.miss(
                service.place, "--maxframesize=0", "there is always a limit: limit, 1MiB unless said"
            )
    if options.switches.get("passstderr"):
        text = "standard error is not marked as such; it goes to the log"
        service.miss(service.place, "--passstderr", text, is_grave=True)
    return found


def _origins(service: ImportedService, options: Options) -> list[str] | str | None:
    """``origins``; ``None`` for pages of the host that is asked."""
    listed, same = options.texts.get("origin", ""), options.switches.get("sameorigin", False)
    if not listed:
        if not same:
            service.remark(ANYWHERE)
        return None if same else "*"
    if same:
        text = "either the host that is asked or a list of origins, not what is in both"
        service.miss(service.place, "--sameorigin", text, is_grave=True)
    found: list[str] = []
    for text in listed.split(","):
        urls = [text] if "://" in text else [f"http://{text}", f"https://{text}"]
        try:
            found += [_ORIGIN.validate_python(url) for url in urls]
        except ValidationError as error:
            raise ValueFault(f"--origin: {error.errors()[0]['msg']}") from error
        if re.search(r":[0-9]+$", text) is None:
            note = f"{text} stands for every port in websocketd, and for that of its scheme here; add others"
            service.miss(service.place, f"--origin={listed}", note)
    return found


def _program(service: ImportedService, options: Options) -> dict[str, Any]:
    """The settings of ``program`` besides its command."""
    found: dict[str, Any] = {"no_new_privileges": False}
    forks = options.numbers.get("maxforks")
    if forks is not None and forks > 0:
        found |= {"processes": forks, "queue": 0}
        if {"dir", "cgidir"} & options.texts.keys():
            text = "so many run for each route, and not for all together; CGI has processes of its own"
            service.miss(service.place, f"--maxforks={forks}", text)
    elif forks is not None:
        text = "there is always a limit: processes, 64 unless said"
        service.miss(service.place, f"--maxforks={forks}", text)
    if options.switches.get("binary"):
        found["stdio"] = "raw"
    wait = options.numbers.get("closems", 0)
    if wait > 0:
        found |= {
            "close_wait": amounts.seconds((wait + 100) / 1000),
            "term_wait": amounts.seconds((wait + 500) / 1000),
        }
    if "passenv" in options.texts:
        names = [
            name for name in options.texts["passenv"].split(",") if name and name not in ("PATH", "HTTPS")
        ]
        wrong = [name for name in names if re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", name) is None]
        if wrong:
            raise ValueFault(f"--passenv: {wrong[0][:40]!r} is not the name of a variable")
        found["inherit"] = names
    return ordered(found)


def _log(service: ImportedService, options: Options) -> None:
    level = options.texts.get("loglevel", "access")
    if level in ("debug", "trace", "access"):
        service.around["log"] = "combined"
    if level in ("debug", "trace"):
        text = "the access log has no levels; `polyport tap` shows messages, `polyport log LEVEL` says more"
        service.miss(service.place, f"--loglevel={level}", text)


def _redirect(service: ImportedService, options: Options) -> ImportedService | None:
    port = options.numbers.get("redirport", 0)
    if port <= 0:
        return None
    redirect = ImportedService(f"{service.name}-redirect", service.place)
    redirect.listen = [_url(f"tcp://{host}:{port}") for host in _hosts(options)]
    secure = bool(options.switches.get("ssl"))
    target = options.numbers.get("port", 0) or (443 if secure else 80)
    scheme = "https" if secure else "http"
    host = "www.example.org" if target == (443 if secure else 80) else f"www.example.org:{target}"
    redirect.answer["http"] = {"/": {"redirect": f"{scheme}://{host}/"}}
    text = (
        "a redirect names a host, where websocketd takes the one that is asked; put yours for www.example.org"
    )
    redirect.miss(service.place, f"--redirport={port}", text, is_grave=True)
    return redirect
