"""``polyport check``: every problem of a YAML file, or what it would serve."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from protocols.daemon.origin import Origin
    from protocols.daemon.spec.service import ServiceSpec

PROBLEMS = 2
"""Exit status for a file that cannot be used; the same as that of a daemon started with it."""


@click.command("check", short_help="List the problems of a YAML file, or what it would serve.")
@click.argument("file", default="polyport.yaml", type=click.Path(path_type=Path))
@click.option("-q", "--quiet", is_flag=True, help="Say nothing if there is no problem.")
def command(file: Path, quiet: bool) -> None:
    """Read FILE (polyport.yaml unless given) as the daemon would, with all it includes, and the functions
    it names; nothing is listened on.  Certificates that run out soon, and keys that others can read, are
    warned of.

    \b
    Exit status: 0 if it can be started; 2 if it has problems, one a line on standard error:
      polyport.yaml:4:5: services.shout.lisen: this key is not known; …; did you mean listen?
    Lines that begin with "warning:" tell what can be started and is probably not meant so.

    \b
    Examples:
      polyport check
      polyport check /etc/polyport/polyport.yaml && systemctl restart polyport
    """
    from protocols.daemon.certificate_warnings import certificate_warnings
    from protocols.daemon.command.loading import load_whole
    from protocols.daemon.problems import ConfigError

    try:
        loaded = load_whole(file)
    except ConfigError as error:
        click.echo(error, err=True)
        count = len(error.problems)
        click.echo(f"{count} problem{'' if count == 1 else 's'}", err=True)
        raise SystemExit(PROBLEMS) from error
    warnings = [*map(str, loaded.warnings), *certificate_warnings(loaded.config)]
    for warning in warnings:
        click.echo(f"warning: {warning}", err=True)
    if not quiet:
        rows = [
            row for name, spec in loaded.config.services.items() for row in _rows(name, spec, loaded.origin)
        ]
        click.echo("\n".join(_aligned(rows)))
        count = len(warnings)
        more = "" if not count else f", {count} warning{'' if count == 1 else 's'}"
        click.echo(f"{file}: no problems{more}")


def _rows(name: str, spec: ServiceSpec, origin: Origin) -> list[tuple[str, str, str]]:
    """One row for each address: service, address, what answers."""
    from protocols.daemon.overview import shown_address, shown_answers

    what = shown_answers(name, spec, origin) if spec.enabled else "not enabled"
    return [(name, shown_address(name, i, address, origin), what) for i, address in enumerate(spec.listen)]


def _aligned(rows: list[tuple[str, str, str]]) -> list[str]:
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(2)]
    return [f"{name:{widths[0]}}  {address:{widths[1]}}  {answers}" for name, address, answers in rows]
