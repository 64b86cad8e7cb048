"""What all specification classes have in common."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from protocols.daemon.spec.config import Config
from protocols.daemon.spec.framing import FramingSpec
from protocols.daemon.spec.handler import BuiltinSpec, FunctionSpec
from protocols.daemon.spec.server import ServerSpec
from protocols.daemon.spec.service import ServiceSpec
from protocols.daemon.spec.tls import CertificateSpec, TlsSpec


def faults(kind: type[Any], data: Any) -> list[tuple[tuple[int | str, ...], str]]:
    with pytest.raises(ValidationError) as raised:
        kind.model_validate(data)
    return [(error["loc"], error["msg"]) for error in raised.value.errors()]


@pytest.mark.parametrize("data", ["lines", {"lines": {}}, {"lines": None}])
def test_a_name_is_short_for_a_mapping(data: Any) -> None:
    framing = FramingSpec.model_validate(data)
    assert framing.kind == "lines"
    assert framing.settings == framing.lines
    assert framing.lines is not None
    assert (framing.lines.ending, framing.lines.limit) == ("any", 65536)


def test_text_is_short_for_the_main_key() -> None:
    assert FunctionSpec.model_validate("a.b:c.d") == FunctionSpec(call="a.b:c.d")
    tls = TlsSpec.model_validate("main")
    assert tls.certificate == ("main",)
    inline = TlsSpec.model_validate({"certificate": {"certificate": "a", "key": "b"}})
    assert isinstance(inline.certificate[0], CertificateSpec)


def test_exactly_one_is_needed() -> None:
    data = {"listen": "tcp://:1", "builtin": "echo", "factory": "a:b"}
    ((place, message),) = faults(ServiceSpec, data)
    assert place == ("factory",)
    assert message.endswith("found builtin and factory")
    ((place, message),) = faults(BuiltinSpec, {})
    assert (place, message[-10:]) == ((), "found none")


def test_faults_of_keys_and_of_the_whole_come_together() -> None:
    found = dict(faults(ServiceSpec, {"listen": [5, "tcp://:1", "x"], "colour": 1, "enabled": 1}))
    assert set(found) == {(), ("listen", 0), ("listen", 2), ("colour",), ("enabled",)}


def test_a_misspelt_key_is_not_missing_as_well() -> None:
    found = dict(faults(ServiceSpec, {"lisen": "tcp://:1", "bultin": "echo"}))
    assert set(found) == {("lisen",), ("bultin",)}
    assert found[("bultin",)].endswith("did you mean builtin?")


def test_a_key_without_a_value_is_a_fault() -> None:
    assert faults(ServerSpec, {"drain": None}) == [(("drain",), "has no value")]


@pytest.mark.parametrize("data", [None, 5, "text", []])
def test_a_mapping_is_needed(data: Any) -> None:
    ((_, message),) = faults(ServerSpec, data)
    assert "a mapping is expected here, with keys such as drain" in message


def test_braces_in_a_message_stay_as_they_are() -> None:
    ((_, message),) = faults(FramingSpec, "{problem}")
    assert message.startswith('the text "{problem}" is not known')


def test_specifications_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Config.model_validate(
            {"services": {"a": {"listen": "tcp://:1", "builtin": "echo"}}}
        ).server = ServerSpec()
