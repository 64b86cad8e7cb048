import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.codec import DecodeError, Fault
from protocols.codec.text_codec import TextCodec


@given(st.text())
def test_round_trip(text):
    codec = TextCodec()
    assert codec.decode(codec.encode(text)) == text


@pytest.mark.parametrize("message", [b"ab\xff", b"ab\xc0\x80", b"ab\xed\xa0\x80", b"ab\xc3"])
def test_what_is_not_utf8_is_malformed(message):
    codec = TextCodec()
    with pytest.raises(DecodeError) as caught:
        codec.decode(message)
    assert (caught.value.status, caught.value.errors[0].kind) == (400, "utf8_invalid")
    assert caught.value.__suppress_context__
    assert (
        codec.encode_error(caught.value)
        == b"Malformed message: The message is not UTF-8 text: octet 2 is wrong"
    )


def test_other_annotations_are_read_from_the_text():
    codec = TextCodec(int)
    assert codec.decode(b"42") == 42
    with pytest.raises(DecodeError) as caught:
        codec.decode(b"forty-two")
    assert (caught.value.status, caught.value.errors[0].kind) == (422, "int_parsing")


def test_error_is_told_in_one_line():
    error = DecodeError.invalid(Fault("", "first\r\nsecond", "value_error"))
    assert TextCodec().encode_error(error) == b"Invalid message: first second"


def test_bytes_go_out_as_they_are_and_the_rest_is_refused():
    assert TextCodec().encode(b"\xff") == b"\xff"
    with pytest.raises(TypeError, match="the function returned dict"):
        TextCodec().encode({})
