"""``polyport schema``: the YAML's JSON Schema, for editors."""

from __future__ import annotations

import json

import click


@click.command("schema", short_help="Print the JSON Schema of the YAML, for editors.")
def command() -> None:
    """Print the JSON Schema (draft 2020-12) of the YAML file.

    \b
    With yaml-language-server (VS Code, Neovim, Emacs …):
      polyport schema > polyport.schema.json
    and as the first line of the YAML file:
      # yaml-language-server: $schema=polyport.schema.json
    """
    from protocols.daemon.schema import json_schema

    click.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))
