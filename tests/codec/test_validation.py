from typing import Annotated, ForwardRef, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from pydantic import BaseModel, ByteSize, Field

from protocols.codec import DecodeError
from protocols.codec.json_codec import JsonCodec
from protocols.codec.validation import (
    MAX_EXPANDED_FAULTS,
    MAX_PATH,
    MAX_REPORTED_FAULTS,
    adapter_for,
    python_validator,
)


class Unfinished(BaseModel):
    later: "NeverDefined"  # noqa: F821


class Cat(BaseModel):
    kind: Literal["cat"]


class Dog(BaseModel):
    kind: Literal["dog"]


class NotAModel:
    pass


@pytest.mark.parametrize(
    "annotation", [NotAModel, "NeverDefined", list[ForwardRef("NeverDefined")], Unfinished, 5]
)
def test_unusable_annotation_is_a_type_error_at_load(annotation):
    with pytest.raises(TypeError, match="messages cannot be validated as"):
        adapter_for(annotation)


def test_error_points_to_the_place():
    validate = python_validator(dict[str, list[int]])
    with pytest.raises(DecodeError) as caught:
        validate({"a/b~c": [1, "x"]})
    assert caught.value.status == 422
    (fault,) = caught.value.errors
    assert (fault.path, fault.kind) == ("/a~1b~0c/1", "int_parsing")


@pytest.mark.parametrize(
    ("annotation", "message"),
    [
        (int, b'"SECRET"'),
        (UUID, b'"SECRET"'),
        (ByteSize, b'"1SECRET"'),
        (ZoneInfo, b'"SECRET"'),
        (Annotated[Cat | Dog, Field(discriminator="kind")], b'{"kind": "SECRET"}'),
        (Literal["a"], b'"SECRET"'),
        (Cat, b'{"kind": "SECRET"}'),
        (Annotated[str, Field(pattern="^a$")], b'"SECRET"'),
    ],
)
def test_error_does_not_quote_the_peer(annotation, message):
    with pytest.raises(DecodeError) as caught:
        JsonCodec(annotation).decode(message)
    assert "SECRET" not in str(caught.value.problem())
    assert "found `" not in str(caught.value.problem())
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_report_of_many_faults_is_short():
    validate = python_validator(list[int])
    with pytest.raises(DecodeError) as caught:
        validate(["x"] * (MAX_REPORTED_FAULTS + 5))
    *reported, rest = caught.value.errors
    assert len(reported) == MAX_REPORTED_FAULTS
    assert (rest.message, rest.kind) == ("5 more errors are not listed", "too_many_errors")


def test_report_of_very_many_faults_is_their_number():
    validate = python_validator(list[int])
    with pytest.raises(DecodeError) as caught:
        validate([None] * (MAX_EXPANDED_FAULTS + 1))
    (fault,) = caught.value.errors
    assert fault.message == f"The message has {MAX_EXPANDED_FAULTS + 1} errors"


def test_path_of_hostile_keys_is_short_and_can_be_sent():
    validate = python_validator(dict[str, int])
    with pytest.raises(DecodeError) as caught:
        validate({"k" * 5000: "x"})
    assert len(caught.value.errors[0].path) == MAX_PATH
    validate = python_validator(dict[object, int])
    with pytest.raises(DecodeError) as caught:
        validate({"\ud800": "x"})
    caught.value.errors[0].path.encode()
