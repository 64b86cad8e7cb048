"""How the answers of a daemon are printed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pydantic import BaseModel


def print_json(value: Any) -> None:
    """`value` for programs, and for people who look."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def print_schema(model: type[BaseModel], *, many: bool = False) -> None:
    """The JSON Schema of a `model`, or of a list of such."""
    from pydantic import TypeAdapter

    # What is sent has every field, also those that have defaults.
    adapter: TypeAdapter[Any] = TypeAdapter(list[model] if many else model)  # type: ignore[valid-type]
    print_json(adapter.json_schema(mode="serialization"))


def conclude(answer: Any) -> None:
    """Print what became of something, which `answer` tells as JSON; ends the program where nothing did."""
    from protocols.daemon.command.amounts import printable
    from protocols.daemon.command.reaching import REFUSED
    from protocols.daemon.control.status import Outcome

    outcome = Outcome.model_validate(answer)
    for problem in outcome.problems:
        click.echo(printable(problem), err=True)
    click.echo(printable(outcome.text), err=not outcome.done)
    if not outcome.done:
        raise SystemExit(REFUSED)
