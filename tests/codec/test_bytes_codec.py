from typing import Annotated, Any

import pytest
from annotated_types import Len

from protocols.codec import DecodeError
from protocols.codec.bytes_codec import BytesCodec


def test_message_is_not_touched():
    message = b"\x00\xff"
    assert BytesCodec().decode(message) is message
    assert BytesCodec().encode(message) is message
    assert BytesCodec().encode("é") == b"\xc3\xa9"


def test_other_results_are_refused():
    with pytest.raises(TypeError, match="the function returned list"):
        BytesCodec().encode([])


def test_there_is_no_way_to_tell_an_error():
    assert BytesCodec().encode_error(DecodeError.malformed("wrong", "kind")) is None


@pytest.mark.parametrize("annotation", [bytes, Any, object, Annotated[bytes, Len(1)]])
def test_annotations_that_bytes_satisfy(annotation):
    assert BytesCodec(annotation).decode(b"a") == b"a"


@pytest.mark.parametrize("annotation", [str, int, dict[str, int]])
def test_other_annotations_are_a_type_error_at_load(annotation):
    with pytest.raises(TypeError, match="gives the function bytes"):
        BytesCodec(annotation)
