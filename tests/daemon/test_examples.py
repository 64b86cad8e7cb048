"""The configurations of the folder ``config`` that are there to be read."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from protocols.daemon.importing import importer
from protocols.daemon.loader import Loaded, load
from protocols.daemon.spec.config import Config
from protocols.daemon.spec.model import Spec

CONFIG = Path(__file__).parent.parent.parent / "config"


@pytest.fixture
def folder(tmp_path: Path, example_certificates: Path, forgotten_imports: None) -> Path:
    """A copy of the folder, with the certificates that ``polyport cert`` would make in it."""
    copy = tmp_path / "config"
    ignored = shutil.ignore_patterns("tls", "__pycache__", "*.sock")
    shutil.copytree(CONFIG, copy, ignore=ignored)
    shutil.copytree(example_certificates, copy / "tls")
    return copy


def loaded(folder: Path, name: str) -> Loaded:
    return load(folder / name, importer(folder))


def declared(kind: Any) -> Iterator[tuple[str, str]]:
    """The class and name of every key that the annotation `kind` leads to."""
    if isinstance(kind, type) and issubclass(kind, Spec):
        for name, field in kind.model_fields.items():
            yield kind.__name__, name
            yield from declared(field.annotation)
    for argument in get_args(kind):
        yield from declared(argument)


def written(value: Any) -> Iterator[tuple[str, str]]:
    """The class and name of every key that was given to make `value`."""
    if isinstance(value, Spec):
        for name in value.model_fields_set:
            yield type(value).__name__, name
            yield from written(getattr(value, name))
    elif isinstance(value, dict):
        for item in value.values():
            yield from written(item)
    elif isinstance(value, tuple):
        for item in value:
            yield from written(item)


def test_minimal(folder: Path) -> None:
    found = loaded(folder, "minimal.yaml")
    assert list(found.config.services) == ["shout"]
    shout = found.resolved["examples:shout"]
    assert callable(shout)
    assert shout("hello") == "HELLO"


def test_full_names_every_key(folder: Path) -> None:
    config = loaded(folder, "full.yaml").config
    # Inherited limits are not written; those of defaults are.
    assert set(declared(Config)) - set(written(config)) == set()


def test_full_listens_on_this_machine_only_and_clear_of_the_other_examples(folder: Path) -> None:
    ports = set()
    for service in loaded(folder, "full.yaml").config.services.values():
        for address in service.listen:
            if address.port:
                assert address.host == "127.0.0.1"
                ports.add(address.port)
    assert min(ports) >= 7100
    assert not ports & {8080, 8443}
