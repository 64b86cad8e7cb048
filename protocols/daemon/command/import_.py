"""``polyport import``: the services of xinetd, inetd, systemd and websocketd as YAML."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from protocols.daemon.importers.imported import Import

MISSED = 1
"""Exit status where something could not be carried over; the YAML is written all the same."""

MALFORMED = 2
"""Exit status where a file cannot be read or understood, or the YAML cannot be written; nothing is then."""

_MODE = 0o644
"""Of a file that was made of such that everybody reads."""

_PRIVATE = 0o600
"""Of a file that was made of others."""


class _WordsCommand(click.Command):
    """A command that knows what stood behind ``--``: that is a command line, and none of ours."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "--" in args:
            ctx.meta[_WORDS] = args[args.index("--") + 1 :]
        return super().parse_args(ctx, args)


_WORDS = "protocols.daemon.command.import_.words"


@click.command(
    "import", cls=_WordsCommand, short_help="Make YAML of what xinetd, inetd, systemd or websocketd serve."
)
@click.argument("files", nargs=-1, required=True, metavar="FILE…", type=click.Path(path_type=Path))
@click.option(
    "--from",
    "kind",
    type=click.Choice(["xinetd", "inetd", "systemd", "websocketd"]),
    help="What the files are; unless said, that is found out.",
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Write to this file, and not to the screen."
)
@click.option("--force", is_flag=True, help="Overwrite the file if it exists.")
def command(files: tuple[Path, ...], kind: Any, output: Path | None, force: bool) -> None:
    """Make Polyport's YAML of FILE…: xinetd.conf, files of xinetd.d, inetd.conf, a .socket of systemd (its
    .service is found beside it), or a file with a command line of websocketd.

    Each service says in a comment where it came from, and what of it could not be carried over; that is also
    listed on standard error.  A service that must not run without something of that is not enabled.

    \b
    Exit status: 0 if everything was carried over; 1 if something was not, which is listed, one a line:
      /etc/xinetd.d/ftp:9: max_load = 2.5: the load of the machine is not looked at; …
    2 if a file cannot be read or understood, and nothing is written.

    \b
    Examples:
      polyport import /etc/xinetd.conf -o polyport.yaml && polyport check
      polyport import /etc/inetd.conf
      polyport import /lib/systemd/system/tangd.socket
      polyport import -- websocketd --port=8080 --dir=scripts
    """
    from protocols.daemon.importers.document import document
    from protocols.daemon.importers.place import SourceError
    from protocols.daemon.importers.privacy import private_files
    from protocols.daemon.importers.sources import import_files, import_words
    from protocols.daemon.importers.websocketd.command_lines import is_websocketd

    words = click.get_current_context().meta.get(_WORDS, [])
    try:
        if words and is_websocketd(words[0]) and kind in (None, "websocketd") and len(words) == len(files):
            found = import_words(words[1:])
        else:
            found = import_files(files, kind)
    except SourceError as error:
        click.echo(error, err=True)
        raise SystemExit(MALFORMED) from error
    text = document(found)
    if output is None:
        _print(text)
    else:
        _write(output, text, _PRIVATE if private_files(found) else _MODE, force=force)
    _tell(found)
    if found.all_missed:
        raise SystemExit(MISSED)


def _print(text: str) -> None:
    from protocols.daemon.command.standard_output import OutputClosedError, StandardOutput

    try:
        StandardOutput(b"").write(text.encode())
    except OutputClosedError:
        pass  # whoever reads it has seen enough
    except OSError as error:
        _refuse(f"the YAML cannot be written: {error.strerror}")


def _write(output: Path, text: str, mode: int, *, force: bool) -> None:
    from protocols.daemon.command.atomic_file import write_file

    try:
        if output.is_dir():
            _refuse(f"{output} is a directory; name a file")
        if output.exists() and not force:
            _refuse(f"{output} exists; --force overwrites it")
        write_file(output, text.encode(), mode)
    except OSError as error:
        _refuse(f"{output} cannot be written: {error.strerror}")
    except ValueError as error:
        _refuse(f"{str(output)!r} is no file name: {error}")
    click.echo(f"wrote {output}", err=True)


def _refuse(text: str) -> None:
    click.echo(f"polyport: {text}", err=True)
    raise SystemExit(MALFORMED)


def _tell(found: Import) -> None:
    """List what was not carried over, and count the services."""
    # What `defaults` of xinetd say is missed by many services, in the same words.
    for note in dict.fromkeys(found.all_missed):
        click.echo(note, err=True)
    possible = [service for service in found.services if service.is_possible]
    counted = {
        "enabled": sum(service.is_enabled and not service.is_held_back for service in possible),
        "held back until that is settled": sum(service.is_held_back for service in possible),
        "not enabled": sum(not service.is_enabled for service in possible),
        "left out": len(found.services) - len(possible),
    }
    total = len(found.services)
    parts = ", ".join(f"{count} {what}" for what, count in counted.items() if count)
    click.echo(f"{total} service{'' if total == 1 else 's'}{': ' if parts else ''}{parts}", err=True)
