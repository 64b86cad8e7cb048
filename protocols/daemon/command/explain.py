"""``polyport explain``: what would become of somebody who comes to an address."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from protocols.daemon.command.answers import print_json
from protocols.daemon.command.option_types import ADDRESS, ParsedText

if TYPE_CHECKING:
    from protocols.daemon.explain import Caller, Explanation, Limit

REFUSED = 1
"""Exit status where that is that it would be refused."""

PROBLEMS = 2
"""Exit status for a file that cannot be used, and for an address that nothing listens on."""


def _host(text: str) -> str:
    from ipaddress import ip_address

    if text == "unix":
        return text
    address = ip_address(text)
    return str(getattr(address, "ipv4_mapped", None) or address)


def _moment(text: str) -> datetime:
    from protocols.daemon.explain.caller import moment_at
    from protocols.guard.access.admission import local_time

    return moment_at(text, local_time())


HOST = ParsedText("host", _host, ("127.0.0.1", "::1", "unix"))
MOMENT = ParsedText("time", _moment)


@click.command("explain", short_help="Tell what would become of somebody who comes to an address.")
@click.argument("address", type=ADDRESS)
@click.option(
    "-c",
    "--config",
    "file",
    default="polyport.yaml",
    type=click.Path(path_type=Path),
    show_default=True,
    help="The YAML file.",
)
@click.option("--from", "host", type=HOST, help="Where they come from: an IP address, or unix.")
@click.option("--via", type=HOST, help="The proxy of HTTP that asks for them: an IP address, or unix.")
@click.option(
    "--at", "moment", type=MOMENT, help="When: 03:00, sat 03:00, 2026-11-28T03:00; now unless said."
)
@click.option("--user", help="Who they have proved to be, where that can be proved.")
@click.option(
    "--cert",
    "names",
    multiple=True,
    help="A name of their certificate: CN=dev7, dev7.example.org or sha256:…; may be given again.",
)
@click.option("--uid", type=click.IntRange(min=0), help="The user that their process runs as (Unix sockets).")
@click.option("--gid", type=click.IntRange(min=0), help="The group of that process.")
@click.option("--path", default="/", show_default=True, help="What they ask for, of a service with http.")
@click.option("--method", default="GET", show_default=True, help="The method of that request.")
@click.option("--host", "server", default="", help="The host that they ask for; in TLS too (SNI).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(file: Path, address: Any, as_json: bool, **who: Any) -> None:
    """Tell which service ADDRESS reaches, whether they may come in and which rule says so, who they are then,
    what answers them, and which limits are in force; and where in the YAML each of it stands.

    The same objects decide as in the daemon. Nothing is listened on, and no password is checked: a --user is
    believed where there is a login.

    \b
    Exit status: 0 if they may come in; 1 if they are refused; 2 if the YAML or what is asked is wrong.

    \b
    Examples:
      polyport explain tcp://127.0.0.1:7001 --from 10.1.2.3
      polyport explain tls://127.0.0.1:7443 --from 10.1.2.3 --cert CN=dev7 --at "sat 03:00"
      polyport explain unix:price.sock --uid 1000 --gid 1000
      polyport explain tcp://127.0.0.1:8080 --from 203.0.113.5 --path /admin/ --user alice
    """
    from protocols.daemon.command.loading import assembled
    from protocols.daemon.explain import explain
    from protocols.daemon.explain.listeners import UnknownAddressError, listener_at
    from protocols.daemon.problems import ConfigError

    caller = _caller(address, **who)
    try:
        with assembled(file) as (loaded, carriers):
            listener = listener_at(address, loaded)
            explanation = explain(loaded, carriers[listener.service], listener, caller)
    except ConfigError as error:
        click.echo(error, err=True)
        raise SystemExit(PROBLEMS) from error
    except UnknownAddressError as error:
        raise click.UsageError(str(error)) from error
    if as_json:
        print_json(_data(explanation))
    else:
        click.echo("\n".join(_lines(explanation)))
    if not explanation.allowed:
        raise SystemExit(REFUSED)


def _caller(
    address: Any,
    host: str | None,
    uid: int | None,
    gid: int | None,
    names: tuple[str, ...],
    moment: datetime | None,
    **rest: Any,
) -> Caller:
    from protocols.daemon.explain import Caller
    from protocols.daemon.explain.caller import certificate_named
    from protocols.guard.access.admission import local_time
    from protocols.session import Credentials

    is_unix = address.scheme in ("unix", "unixgram")
    if host is None and not is_unix:
        raise click.UsageError("--from is needed: where do they come from?")
    if host not in (None, "unix") and is_unix and rest["via"] is None:
        raise click.UsageError("--from: whoever comes by a Unix socket has no IP address")
    if (uid is None) != (gid is None):
        raise click.UsageError("--uid and --gid go together: a process has both")
    credentials = None if uid is None or gid is None else Credentials(uid, gid, 0)
    return Caller(
        host or "unix",
        moment or local_time(),
        certificate=certificate_named(names),
        credentials=credentials,
        **rest,
    )


def _data(explanation: Explanation) -> dict[str, Any]:
    return {"allowed": explanation.allowed, **asdict(explanation)}


def _lines(explanation: Explanation) -> list[str]:
    """Columns: what it is about, what is to be said, and where that stands."""
    from protocols.daemon.command.table import aligned

    rows = [(step.topic, step.words, step.place) for step in explanation.steps]
    widest = max(len(limit.name) for limit in explanation.limits)
    for index, limit in enumerate(explanation.limits):
        rows.append(("" if index else "limits", f"{limit.name:{widest}}  {limit.value}", _origin(limit)))
    rows.append(("verdict", "allowed" if explanation.allowed else "refused", ""))
    return aligned(rows)


def _origin(limit: Limit) -> str:
    return f"{limit.origin}, {limit.place}" if limit.place else limit.origin
