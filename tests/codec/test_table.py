import inspect
from typing import Any

import pytest
from pydantic import BaseModel

from protocols.codec import CODECS, codec_for


class Order(BaseModel):
    item: str


@pytest.mark.parametrize(
    ("annotation", "name"),
    [
        (bytes, "bytes"),
        (inspect.Parameter.empty, "bytes"),
        (str, "text"),
        (int, "json"),
        (Any, "json"),
        (Order, "json"),
        (None, "json"),
        (bytes | None, "json"),
    ],
)
def test_annotation_chooses_the_codec(annotation, name):
    assert codec_for(annotation).name == name


@pytest.mark.parametrize("name", CODECS)
def test_name_overrides_the_annotation(name):
    assert codec_for(Any, name).name == name
    assert codec_for(inspect.Parameter.empty, name).name == name


def test_content_types():
    assert {name: codec_for(Any, name).content_type for name in CODECS} == {
        "json": "application/json",
        "msgpack": "application/msgpack",
        "text": "text/plain; charset=utf-8",
        "bytes": "application/octet-stream",
        "pickle": "application/x-python-pickle",
    }


@pytest.mark.parametrize("annotation", [bytes, str])
def test_other_results_are_json_when_the_annotation_chose(annotation):
    assert codec_for(annotation).encode({"a": 1}) == b'{"a":1}'


@pytest.mark.parametrize("name", ["bytes", "text"])
def test_other_results_are_refused_when_the_name_chose(name):
    with pytest.raises(TypeError, match="bytes and str only"):
        codec_for(Any, name).encode({"a": 1})


def test_unknown_name_lists_the_known():
    with pytest.raises(ValueError, match="known codecs: json, msgpack, text, bytes, pickle"):
        codec_for(Any, "yaml")


@pytest.mark.parametrize("name", [None, "json", "msgpack", "text", "pickle"])
def test_unusable_annotation_is_a_type_error(name):
    with pytest.raises(TypeError, match="messages cannot be validated as"):
        codec_for("NeverDefined", name)


@pytest.mark.parametrize("name", CODECS)
def test_bytes_and_text_go_out_as_they_are(name):
    codec = codec_for(Any, name)
    assert codec.encode(b"\xff\n") == b"\xff\n"
    assert codec.encode("é") == b"\xc3\xa9"
