"""The JSON Schema says what the loader does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from protocols.daemon import yaml_reader
from protocols.daemon.loader import load
from protocols.daemon.problems import ConfigError
from protocols.daemon.schema import DIALECT, json_schema

ROOT = Path(__file__).parent.parent.parent
VALIDATOR = jsonschema.Draft202012Validator(json_schema())


def service(**keys: Any) -> dict[str, Any]:
    return {"services": {"a": {"listen": "tcp://127.0.0.1:0", **keys}}}


def accepted(folder: Path, data: Any) -> bool:
    """Whether the loader takes `data`; JSON is YAML."""
    file = folder / "main.yaml"
    file.write_text(json.dumps(data))
    try:
        load(file)
    except ConfigError:
        return False
    return True


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())
    assert json_schema()["$schema"] == DIALECT
    assert json.loads(json.dumps(json_schema())) == json_schema()


@pytest.mark.parametrize("file", sorted((ROOT / "config").glob("*.yaml")), ids=lambda f: f.name)
def test_the_examples_match(file: Path) -> None:
    VALIDATOR.validate(yaml_reader.read(file).data)


@pytest.mark.parametrize(
    "data",
    [
        service(builtin="echo"),
        service(builtin={"echo": None}),
        service(builtin={"qotd": {}}),
        service(function="m:f"),
        service(function={"call": "m.n:f.g", "run": "loop", "timeout": "1m30s"}),
        service(factory="m:f", enabled=False),
        service(builtin="echo", framing="length"),
        service(builtin="echo", framing={"length": {"bytes": 2, "limit": "1KiB"}}),
        service(builtin="echo", framing={"fixed": {"size": 4}}),
        service(builtin="echo", limits={"connections": 1, "idle": "500ms"}),
        service(
            http={"/": {"redirect": "/x"}, "/a": {"respond": {"body": "", "status": 404}}}, limits={"body": 5}
        ),
        service(
            http={
                "/": {"files": {"folder": "/", "symlinks": "inside", "cache_control": "public, max-age=60"}}
            }
        ),
        service(http={"/": {"builtin": "welcome", "rate": "5/m", "headers": {"X-A": "b"}, "cors": "*"}}),
        service(http={"/": {"builtin": {"welcome": {}}, "rate": {"rate": "5/m", "burst": 1}}}),
        service(http={"/": {"respond": "a", "cors": ["https://a.example"]}}, trusted="unix", log="json"),
        service(
            http={
                "/": {
                    "respond": "a",
                    "cors": {"origins": "https://a.example", "headers": "*", "max_age": "0s"},
                }
            },
            trusted={"proxies": ["10.0.0.0/8", "::1"], "fields": "forwarded"},
            log={"access": "combined", "redact": []},
        ),
        {**service(builtin="echo"), "server": {"trusted": ["fd00::/8", "unix"]}},
        {
            **service(builtin="echo"),
            "networks": {"a": ["10.0.0.0/8", "b"], "b": "::1"},
            "server": {"trusted": "a"},
        },
        service(
            builtin="echo", access={"allow": ["10.0.0.0/8", "uid:0"], "refuse": "reset"}, listen="unix:a"
        ),
        service(builtin="echo", access=[{"allow": "all"}, {"deny": [{"hours": "mon-fri 08:00-18:00"}]}]),
        service(builtin="echo", access={"rules": [{"deny": {"networks": "unix"}}]}),
        {**service(builtin="echo"), "defaults": {"access": {"deny": {"hours": ["00:00-24:00"]}}}},
        service(http={"/": {"respond": "a", "access": {"allow": "::1"}}}),
        service(builtin="echo", listen=["udp://[::1]:0", "unix:a.sock", "unix:@a", "fd://a"]),
        {**service(builtin="echo"), "server": {"drain": "0s"}, "certificates": {}},
        {**service(builtin="echo"), "include": "x*.yaml", "defaults": {"limits": {}}},
    ],
)
def test_both_accept(tmp_path: Path, data: Any) -> None:
    VALIDATOR.validate(data)
    assert accepted(tmp_path, data)


@pytest.mark.parametrize(
    "data",
    [
        {},
        [],
        {"services": {}},
        {"services": {"A b": {"listen": "tcp://:0", "builtin": "echo"}}},
        {**service(builtin="echo"), "servers": {}},
        service(),
        service(builtin="ecko"),
        service(builtin=None),
        service(builtin="echo", function="m:f"),
        service(builtin="echo", listen="http://:80"),
        service(builtin="echo", listen=[]),
        service(builtin="echo", listen=7000),
        service(builtin="echo", colour=1),
        service(builtin="echo", enabled="yes"),
        service(builtin="echo", framing="fixed"),
        service(builtin="echo", framing={"fixed": None}),
        service(builtin="echo", framing={"lines": {"ending": "cr"}}),
        service(builtin="echo", framing={"length": {"bytes": 3}}),
        service(builtin="echo", framing={"lines": {}, "raw": {}}),
        service(builtin="echo", limits={"connections": 0}),
        service(builtin="echo", limits={"idle": 5}),
        service(builtin="echo", limits={"body": "5K"}),
        service(function="no_colon"),
        service(function={"call": "m:f", "workers": 0}),
        service(http={}),
        service(http={"relative": {"respond": "x"}}),
        service(http={"/": {}}),
        service(http={"/": {"redirect": {"to": "/", "status": 300}}}),
        service(http={"/": {"files": {"folder": "/", "symlinks": "all"}}}),
        service(http={"/": {"files": {"folder": "/", "cache_control": "for ever"}}}),
        service(http={"/": {"respond": "a", "rate": 5}}),
        service(http={"/": {"respond": "a", "rate": "0/s"}}),
        service(http={"/": {"respond": "a", "cors": []}}),
        service(http={"/": {"respond": "a", "cors": {"origins": "a.example"}}}),
        service(http={"/": {"respond": "a", "headers": {"X A": "b"}}}),
        service(http={"/": {"respond": "a", "headers": {}}}),
        service(http={"/": {"respond": "a", "auth": {"users": "alice", "bearer": 5}}}),
        service(http={"/": {"respond": "a"}}, trusted="10.0.0.0/255.0.0.0"),
        {**service(builtin="echo"), "networks": {"A b": "::1"}},
        {**service(builtin="echo"), "networks": {"a": []}},
        service(builtin="echo", access="all"),
        service(builtin="echo", access=[]),
        service(builtin="echo", access=[{}]),
        service(builtin="echo", access=[{"allow": "all", "deny": "all"}]),
        service(builtin="echo", access={"allow": "all", "refuse": "drop"}),
        service(builtin="echo", access={"deny": [{"uids": [-1]}]}),
        service(builtin="echo", access={"deny": {"users": ""}}),
        service(builtin="echo", access={"deny": {"networks": "10.0.0.0/a"}}),
        service(builtin="echo", access={"deny": {"hours": "8-18"}}),
        service(builtin="echo", access={"deny": {"who": "8-18"}}),
        service(http={"/": {"respond": "a"}}, log="common"),
    ],
)
def test_both_refuse(tmp_path: Path, data: Any) -> None:
    assert not VALIDATOR.is_valid(data)
    assert not accepted(tmp_path, data)


def test_defaults_are_written_as_in_yaml() -> None:
    limits = json_schema()["$defs"]["LimitsSpec"]["properties"]
    assert limits["idle"]["default"] == "5m"
    assert limits["body"]["default"] == "1MiB"
    assert limits["connections"]["default"] == 1000
