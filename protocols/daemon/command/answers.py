"""How the answers of a daemon are printed."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeAlias

import click

Callback: TypeAlias = Callable[..., None]
"""What a command does."""


def print_json(value: Any) -> None:
    """`value` for programs, and for people who look."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def schema_option(
    model: str, *, many: bool = False, module: str = "status"
) -> Callable[[Callback], Callback]:
    """``--schema``: prints the JSON Schema of a `model`, or that of a list of such, and asks nobody.

    :param module: where it is, in :mod:`protocols.daemon.control`.
    """

    def show(ctx: click.Context, param: click.Parameter, value: bool) -> None:
        if value:
            from pydantic import TypeAdapter

            kind: Any = getattr(import_module(f"protocols.daemon.control.{module}"), model)
            # What is sent has every field, also those that have defaults.
            adapter: TypeAdapter[Any] = TypeAdapter(list[kind] if many else kind)
            print_json(adapter.json_schema(mode="serialization"))
            ctx.exit()

    text = "Print the JSON Schema of that, and ask nobody."
    return click.option("--schema", is_flag=True, is_eager=True, expose_value=False, callback=show, help=text)


def conclude(answer: Any) -> None:
    """Print what became of something, which `answer` tells as JSON; ends the program where nothing did."""
    from protocols.daemon.command.reaching import REFUSED
    from protocols.daemon.control.status import Outcome
    from protocols.daemon.printable import printable

    outcome = Outcome.model_validate(answer)
    for problem in outcome.problems:
        click.echo(printable(problem), err=True)
    click.echo(printable(outcome.text), err=not outcome.done)
    if not outcome.done:
        raise SystemExit(REFUSED)
