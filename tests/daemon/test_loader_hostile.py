"""Whatever a file says, loading it ends in a configuration or a ConfigError."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.daemon.loader import load
from protocols.daemon.problems import ConfigError
from protocols.daemon.spec.config import Config
from protocols.daemon.spec.framing import FramingSpec, LengthSpec
from protocols.daemon.spec.handler import BuiltinSpec, FunctionSpec
from protocols.daemon.spec.http import RouteSpec
from protocols.daemon.spec.limits import LimitsSpec
from protocols.daemon.spec.model import Spec
from protocols.daemon.spec.service import ServiceSpec
from protocols.daemon.spec.tls import CertificateSpec

ADDRESSES = ["tcp://:0", "tcp://:7000", "tls://:7000", "udp://:1", "unix:a", "fd://a", "http://x"]
WORDS = ["lines", "echo", "m:f", "/", "a", "5s", "64KiB", "${env:X}", "${env:Y}", "${", "\0", ""]
SCALARS = st.none() | st.booleans() | st.integers(-2, 70000) | st.floats(allow_nan=False)
SCALARS |= st.sampled_from(ADDRESSES + WORDS) | st.text(max_size=5)
CLASSES = (Config, ServiceSpec, FramingSpec, LengthSpec, BuiltinSpec, FunctionSpec)
KNOWN = sorted({key for kind in CLASSES for key in kind.model_fields})
KEYS = st.sampled_from([*KNOWN, "a", "/", "/x/", "lisen"])
ANY = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


def mapping(kind: type[Spec], **known: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Mappings with the keys of `kind`, whose values are often of the right kind."""
    optional = {key: known.get(key, ANY) | ANY for key in kind.model_fields}
    return st.fixed_dictionaries({}, optional=optional)


SERVICES = mapping(
    ServiceSpec,
    listen=st.sampled_from(ADDRESSES) | st.lists(st.sampled_from(ADDRESSES)),
    framing=st.just("lines"),
    builtin=st.just("echo"),
    function=mapping(FunctionSpec, call=st.just("m:f")),
    http=st.dictionaries(st.sampled_from(["/", "/a/", "b"]), mapping(RouteSpec)),
    limits=mapping(LimitsSpec),
)
CONFIGS = mapping(
    Config,
    services=st.dictionaries(st.sampled_from(["a", "b", "C"]), SERVICES, max_size=2),
    certificates=st.dictionaries(st.sampled_from(["a", "b"]), mapping(CertificateSpec), max_size=2),
)


@given(CONFIGS | ANY)
def test_any_data(tmp_path_factory: pytest.TempPathFactory, data: Any) -> None:
    file = tmp_path_factory.getbasetemp() / "hostile" / "any.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(data))
    assert "hunter2" not in outcome(file)


def outcome(file: Path) -> str:
    """All problems as text; empty if there are none."""
    try:
        load(file, str.upper, {"X": "hunter2"})
    except ConfigError as error:
        assert error.problems  # noqa: PT017 (there is nothing else that should be raised)
        return str(error)
    return ""
