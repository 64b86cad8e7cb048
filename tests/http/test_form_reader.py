from __future__ import annotations

from contextlib import suppress
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.codec import DecodeError
from protocols.http import Form, FormLimits, Headers, HTTPError, Request
from protocols.http.form_reader import URLENCODED, FormReader, is_form

MULTIPART = "multipart/form-data; boundary=frontier"


def part(name: str, content: bytes, *, filename: str | None = None, headers: bytes = b"") -> bytes:
    named = f'form-data; name="{name}"' + (f'; filename="{filename}"' if filename is not None else "")
    return b"--frontier\r\nContent-Disposition: %b\r\n%b\r\n%b\r\n" % (named.encode(), headers, content)


def form_of(*parts: bytes) -> bytes:
    return b"".join([*parts, b"--frontier--\r\n"])


def read(
    body: bytes, content_type: str = MULTIPART, size: int | None = None, limits: FormLimits | None = None
) -> Form:
    """The form, fed in pieces of `size`."""
    reader = FormReader(content_type, limits)
    try:
        for at in range(0, len(body), size or len(body) or 1):
            reader.feed(body[at : at + (size or len(body))])
        return reader.finish()
    except BaseException:
        reader.close()
        raise


# -- urlencoded --------------------------------------------------------------------------------------

TEXTS = st.text().map(lambda text: text.encode("utf-8", "ignore").decode())


@given(st.lists(st.tuples(TEXTS.filter(bool), TEXTS), max_size=8), st.integers(1, 5))
def test_urlencoded_as_the_standard_library_reads_it(pairs: list[tuple[str, str]], size: int) -> None:
    body = urlencode(pairs)
    form = read(body.encode(), URLENCODED, size)
    assert list(form) == parse_qsl(body, keep_blank_values=True) == pairs


@pytest.mark.parametrize(
    ("body", "pairs"),
    [
        (b"", []),
        (b"a", [("a", "")]),
        (b"a&&b=1&", [("a", ""), ("b", "1")]),
        (b"a=1;b=2", [("a", "1;b=2")]),
        (b"a=%zz", [("a", "%zz")]),
        (b"a==", [("a", "=")]),
    ],
)
def test_odd_but_urlencoded(body: bytes, pairs: list[tuple[str, str]]) -> None:
    assert list(read(body, URLENCODED + "; charset=UTF-8", 1)) == pairs


def test_what_is_not_utf8() -> None:
    with pytest.raises(DecodeError) as raised:
        read(b"a=%ff", URLENCODED)
    assert (raised.value.status, raised.value.errors[0].path) == (400, "/form/a")


# -- multipart ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 7, None])
def test_fields_and_files(size: int | None) -> None:
    body = form_of(
        part("title", "Grüße\r\nzwei".encode()),
        part("file", b"\0\r\n--frontie", filename="C:\\a\\b.png", headers=b"Content-Type: image/png\r\n"),
        part("title", b""),
        part("file", b"x", filename="ü.txt"),
    )
    with read(body, size=size) as form:
        assert list(form) == [("title", "Grüße\r\nzwei"), ("title", "")]
        first, second = form.uploads("file")
        assert (first.name, first.filename, first.content_type) == ("file", "b.png", "image/png")
        assert (first.size, first.read()) == (12, b"\0\r\n--frontie")
        assert (second.filename, second.content_type, second.read()) == (
            "ü.txt",
            "application/octet-stream",
            b"x",
        )
        assert form.upload("file") is first
        assert (form.upload("title"), form.uploads()) == (None, [first, second])
    assert first.file.closed


@given(st.lists(st.tuples(st.sampled_from("ab"), st.binary(max_size=60)), max_size=5), st.integers(1, 80))
def test_any_content_survives(files: list[tuple[str, bytes]], size: int) -> None:
    files = [(name, content) for name, content in files if b"--frontier" not in content]
    body = form_of(*(part(name, content, filename="f") for name, content in files))
    with read(body, size=size) as form:
        assert [(upload.name, upload.read()) for upload in form.uploads()] == files


@given(st.binary(max_size=200))
def test_no_garbage_is_more_than_an_error(garbage: bytes) -> None:
    for body in (garbage, b"--frontier\r\n" + garbage, form_of(part("a", garbage, headers=garbage[:20]))):
        with suppress(DecodeError, HTTPError):
            read(body).close()


def test_no_file_was_chosen() -> None:
    with read(form_of(part("file", b"", filename=""))) as form:
        assert form.uploads() == []


def test_what_stands_around_the_parts() -> None:
    with read(b"\r\n" + form_of(part("a", b"1")) + b"epilogue") as form:
        assert list(form) == [("a", "1")]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no boundary at all",
        b"--frontier\r\n",
        part("a", b"1"),
        form_of(part("a", b"\xff")),
        form_of(b"--frontier\r\n\r\n1\r\n"),
        form_of(b"--frontier\r\nContent-Disposition: form-data\r\n\r\n1\r\n"),
        form_of(b'--frontier\r\nContent-Disposition: attachment; name="a"\r\n\r\n1\r\n'),
        form_of(b"--frontier\r\nbad header\r\n\r\n1\r\n"),
        form_of(part("a", b"MQ==", headers=b"Content-Transfer-Encoding: base64\r\n")),
    ],
)
def test_broken_forms(body: bytes) -> None:
    with pytest.raises(DecodeError) as raised:
        read(body)
    assert raised.value.status == 400


@pytest.mark.parametrize("boundary", ["", "; boundary=", "; boundary=" + "b" * 71])
def test_a_form_without_a_boundary(boundary: str) -> None:
    with pytest.raises(DecodeError):
        FormReader("multipart/form-data" + boundary)


@pytest.mark.parametrize("media", [None, "", "application/json", "multipart/mixed; boundary=a", "text/plain"])
def test_what_is_no_form(media: str | None) -> None:
    assert not is_form(media)
    with pytest.raises(HTTPError) as raised:
        FormReader(media)
    assert raised.value.status == 415


# -- limits ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "media"),
    [
        (b"a=1&b=2&c=3", URLENCODED),
        (b"a=12345", URLENCODED),
        (b"abcde=", URLENCODED),
        (form_of(part("a", b""), part("b", b""), part("c", b"")), MULTIPART),
        (form_of(part("a", b"12345")), MULTIPART),
    ],
)
def test_too_much(body: bytes, media: str) -> None:
    limits = FormLimits(parts=2, field=4)
    for size in (1, None):
        with pytest.raises(HTTPError) as raised:
            read(body, media, size, limits)
        assert raised.value.status == 413


def test_just_enough() -> None:
    limits = FormLimits(parts=2, field=4, memory=1)
    body = form_of(part("a", b"1234"), part("b", b"1234567", filename="b"))
    with read(body, limits=limits) as form:
        assert form["a"] == "1234"
        (upload,) = form.uploads()
        assert (upload.size, upload.in_memory) == (7, False)


def test_a_header_that_is_too_long() -> None:
    with pytest.raises(DecodeError):
        read(form_of(part("a" * 5000, b"")))


# -- requests ----------------------------------------------------------------------------------------


def test_the_form_of_a_request() -> None:
    request = Request(
        "POST", "/", headers=Headers([("Content-Type", MULTIPART)]), body=form_of(part("a", b"1"))
    )
    with request.form() as form:
        assert form["a"] == "1"
        assert "'a'" in repr(form)
        assert "1" not in repr(form)


def test_the_files_of_a_form_that_breaks_off_are_closed() -> None:
    body = part("a", b"12", filename="f")
    request = Request("POST", "/", headers=Headers([("Content-Type", MULTIPART)]), body=body)
    with pytest.raises(DecodeError, match="breaks off"):
        request.form(FormLimits(memory=1))  # an open file would warn, which is an error
