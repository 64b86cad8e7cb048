from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.http import HTTPError
from protocols.http.target import decode_path, encode_path, origin_form, split_target


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        ("/", "/", []),
        ("/a?b=c&b=d&e=", "/a", [("b", "c"), ("b", "d"), ("e", "")]),
        ("/caf%C3%A9?q=%26", "/café", [("q", "&")]),
        ("/a?b=?c", "/a", [("b", "?c")]),
        ("http://a.test/x?y=1", "/x", [("y", "1")]),
        ("HTTPS://a.test", "/", []),
        ("http://a.test?y=1", "/", [("y", "1")]),
        ("//evil.test/x", "//evil.test/x", []),
        ("/a%2Fb", "/a/b", []),
        ("*", "*", []),
    ],
)
def test_a_target_is_split_into_path_and_query(target: str, path: str, query: list[tuple[str, str]]) -> None:
    found, fields = split_target(target)
    assert (found, list(fields)) == (path, query)


def test_a_percent_sign_is_decoded_once() -> None:
    assert decode_path("/%252e%252e/x") == "/%2e%2e/x"


@pytest.mark.parametrize(
    "target",
    [
        "foo",
        "a.test:443",
        "ftp://a.test/",
        "/a#b",
        "/\xe9",
        "/%",
        "/%2",
        "/%zz",
        "/%ff",
        "/%00",
        "/a%0d%0aSet-Cookie:x",
        "/..",
        "/a/../b",
        "/./a",
        "/%2e%2e/etc",
        "/..%2fetc",
        "/a%2f..%2f..%2fetc",
    ],
)
def test_what_is_not_a_safe_path_is_refused(target: str) -> None:
    with pytest.raises(HTTPError) as caught:
        split_target(target)
    assert caught.value.status == 400


@given(st.text(alphabet="/.%2eEfF5c\\ab0", max_size=40))
def test_no_decoded_path_climbs(text: str) -> None:
    try:
        path, _ = split_target("/" + text)
    except HTTPError as error:
        assert error.status == 400  # noqa: PT017 - either outcome is right, each in its way
    else:
        assert ".." not in path.split("/")
        assert "\0" not in path


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=30))
def test_encoding_a_path_is_undone_by_decoding_it(text: str) -> None:
    path = "/" + text.replace("/.", "/")
    if not {".", ".."} & set(path.split("/")):
        encoded = encode_path(path)
        assert encoded.isascii()
        assert decode_path(encoded) == path


@pytest.mark.parametrize(
    ("target", "origin"),
    [
        ("/a?b", "/a?b"),
        ("http://a.test/b?c", "/b?c"),
        ("HTTP://a.test", "/"),
        ("https://a.test?b", "/?b"),
        ("*", "/*"),
    ],
)
def test_a_target_in_origin_form(target: str, origin: str) -> None:
    assert origin_form(target) == origin
