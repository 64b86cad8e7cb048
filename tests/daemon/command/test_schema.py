"""``polyport schema``."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from protocols.daemon.schema import json_schema

CONFIG = Path(__file__).parents[3] / "config"


@pytest.fixture
def printed(polyport):
    done = polyport("schema")
    assert (done.returncode, done.stderr) == (0, b"")
    return json.loads(done.stdout)


def test_it_is_the_schema(printed):
    assert printed == json_schema()
    jsonschema.Draft202012Validator.check_schema(printed)


def test_it_knows_right_from_wrong(printed):
    validator = jsonschema.Draft202012Validator(printed)
    assert validator.is_valid(yaml.safe_load((CONFIG / "minimal.yaml").read_text()))
    assert not validator.is_valid({"services": {"a": {"lisen": "tcp://:1", "builtin": "echo"}}})
