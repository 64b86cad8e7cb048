"""``polyport schema``: the JSON Schema of the YAML, for editors, or of lines of JSON, for who reads logs."""

from __future__ import annotations

import click

from protocols.daemon.command.answers import print_json


@click.command("schema", short_help="Print the JSON Schema of the YAML, for editors.")
@click.option("--log", is_flag=True, help="Of the lines of logs in JSON instead.")
def command(log: bool) -> None:
    """Print the JSON Schema (draft 2020-12) of the YAML file.

    \b
    With yaml-language-server (VS Code, Neovim, Emacs …):
      polyport schema > polyport.schema.json
    and as the first line of the YAML file:
      # yaml-language-server: $schema=polyport.schema.json
    """
    from protocols.daemon.log.schema import log_schema
    from protocols.daemon.schema import json_schema

    print_json(log_schema() if log else json_schema())
