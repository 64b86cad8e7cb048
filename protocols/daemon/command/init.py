"""``polyport init``: the files to begin with."""

from __future__ import annotations

import shutil
import sys
from importlib.resources import files
from pathlib import Path
from string import Template

import click

STARTER = ("polyport.yaml", "functions.py", "polyport.service")
"""The files that are written; their templates lie in :mod:`protocols.daemon.starter`."""


def rendered(name: str, twistd: str, folder: str) -> str:
    """The starter file `name`, for the daemon `twistd` and a configuration in `folder`."""
    template = files("protocols.daemon.starter").joinpath(name).read_text("utf-8")
    polyport = Path(twistd).with_name("polyport")
    return Template(template).substitute(twistd=twistd, polyport=polyport, folder=folder)


@click.command("init", short_help="Write a YAML file, functions and a systemd unit to begin with.")
@click.argument("folder", default=".", type=click.Path(file_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Overwrite files that exist.")
def command(folder: Path, force: bool) -> None:
    """Write polyport.yaml, functions.py and polyport.service to FOLDER (this one unless given).

    \b
    Exit status: 0; 1 if one of them exists (nothing is written then) or cannot be written.

    \b
    Example:
      polyport init hello && cd hello && polyport run
    """
    there = [name for name in STARTER if (folder / name).exists()]
    if there and not force:
        raise click.ClickException(f"{folder / there[0]} exists; --force overwrites it")
    twistd = str(Path(sys.executable).with_name("twistd"))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in STARTER:
            text = rendered(name, twistd, str(folder.absolute()))
            (folder / name).write_text(text, "utf-8")
            click.echo(f"wrote {folder / name}")
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}") from error
    place = "" if folder == Path() else f"cd {folder} && "
    polyport = "polyport" if shutil.which("polyport") else str(Path(sys.argv[0]).absolute())
    click.echo(f"next: {place}{polyport} run")
    click.echo(f"then: echo hello | {polyport} send tcp://127.0.0.1:7000")
