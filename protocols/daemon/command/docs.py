"""``polyport docs``: what a YAML file offers, as OpenAPI and AsyncAPI documents."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from protocols.daemon.loader import Loaded

PROBLEMS = 2
"""Exit status for a file that cannot be used; the same as that of a daemon started with it."""


@click.command("docs", short_help="Print the OpenAPI or AsyncAPI document of a YAML file.")
@click.argument("kind", type=click.Choice(["openapi", "asyncapi"]))
@click.argument("file", default="polyport.yaml", type=click.Path(path_type=Path))
@click.option("--service", metavar="NAME", help="The service with http; needed where there are several.")
@click.option("--title", help="What the interface is called; unless given, the name of the service or file.")
@click.option("--api-version", default="1.0.0", show_default=True, help="The version of the interface.")
@click.option("--format", "form", type=click.Choice(["json", "yaml"]), default="json", show_default=True)
def command(
    kind: str, file: Path, service: str | None, title: str | None, api_version: str, form: str
) -> None:
    """Read FILE (polyport.yaml unless given) and print what it offers, made from the annotations of its
    functions: OpenAPI 3.1 for the routes of a service with http, AsyncAPI 3.0 for all services that answer
    messages on sockets. Nothing is started.

    \b
    Examples:
      polyport docs openapi > openapi.json
      polyport docs openapi --service web --format yaml polyport.yaml
      polyport docs asyncapi --title "Orders" --api-version 2.1.0
    """
    from protocols.daemon.command.loading import load_whole
    from protocols.daemon.problems import ConfigError

    try:
        loaded = load_whole(file)
    except ConfigError as error:
        click.echo(error, err=True)
        raise SystemExit(PROBLEMS) from error
    if kind == "asyncapi":
        from protocols.daemon.describe.asyncapi import asyncapi

        if service is not None:
            raise click.UsageError("--service is for openapi: an AsyncAPI document has all of them")
        document = asyncapi(loaded, title or file.stem, api_version)
    else:
        from protocols.daemon.describe.openapi import openapi

        name = _web_service(loaded, service)
        document = openapi(loaded, name, title or name, api_version)
    click.echo(loaded.origin.redact(_text(document, form)), nl=False)


def _web_service(loaded: Loaded, named: str | None) -> str:
    """The service that is meant."""
    services = loaded.config.services.items()
    known = [name for name, spec in services if spec.enabled and spec.http is not None]
    if named in known:
        return named
    listed = ", ".join(known) or "none"
    if named is not None:
        raise click.UsageError(f"--service: {named}: services with http are: {listed}")
    if len(known) != 1:
        raise click.UsageError(f"name a service with --service; those with http are: {listed}")
    return known[0]


def _text(document: dict[str, Any], form: str) -> str:
    if form == "json":
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    import yaml

    # Through JSON, for parts that stand in several places would become references otherwise.
    return yaml.safe_dump(json.loads(json.dumps(document)), sort_keys=False, allow_unicode=True)
