"""The specification describes itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import pytest

from protocols.daemon.spec.config import Config
from protocols.daemon.spec.model import Spec


def classes(kind: Any) -> Iterator[type[Spec]]:
    """Every specification class that the annotation `kind` leads to."""
    if isinstance(kind, type) and issubclass(kind, Spec):
        yield kind
        for field in kind.model_fields.values():
            yield from classes(field.annotation)
    for argument in get_args(kind):
        yield from classes(argument)


ALL = sorted(set(classes(Config)), key=lambda kind: kind.__name__)


def test_the_walk_finds_them() -> None:
    assert {"Config", "ServiceSpec", "LengthSpec", "RespondSpec", "QotdSpec"} <= {
        kind.__name__ for kind in ALL
    }


@pytest.mark.parametrize("kind", ALL)
def test_every_class_and_field_is_described(kind: type[Spec]) -> None:
    assert kind.__doc__
    assert kind.__doc__ != Spec.__doc__
    for name, field in kind.model_fields.items():
        assert field.description, name
        assert field.description.rstrip().endswith((".", "`.")), name


@pytest.mark.parametrize("kind", ALL)
def test_unknown_keys_are_refused_and_objects_are_frozen(kind: type[Spec]) -> None:
    assert kind.model_config["extra"] == "forbid"
    assert kind.model_config["frozen"] is True


@pytest.mark.parametrize("kind", ALL)
def test_choices_and_short_forms_name_fields(kind: type[Spec]) -> None:
    assert set(kind.choices) <= set(kind.model_fields)
    assert kind.short is None or kind.short in kind.model_fields
