"""Functions that take forms with files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from twisted.internet.defer import CancelledError, Deferred

from protocols.http import FormLimits, Request, Response, StreamingRequest, Upload, function_route
from protocols.http.source import OctetsSource
from protocols.session import Peer

MULTIPART = "multipart/form-data; boundary=b"
HEAD = "POST /f HTTP/1.1\r\nHost: a\r\nContent-Type: {media}\r\nContent-Length: {length}\r\n\r\n"


def field(name: str, value: bytes) -> bytes:
    return b'--b\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n' % (name.encode(), value)


def file(name: str, content: bytes, filename: str = "f.txt") -> bytes:
    named = f'form-data; name="{name}"; filename="{filename}"'.encode()
    return b"--b\r\nContent-Disposition: %b\r\nContent-Type: text/css\r\n\r\n%b\r\n" % (named, content)


END = b"--b--\r\n"


def begin(client: Any, length: int, media: str = MULTIPART) -> None:
    client.send(HEAD.format(media=media, length=length).encode())


def post(client: Any, *parts: bytes) -> Any:
    return client.ask("POST", "/f", b"".join(parts) + END, Content_Type=MULTIPART)


@pytest.fixture
def kept():
    """The uploads that a function got."""
    kept: list[Upload] = []
    yield kept
    for upload in kept:
        upload.close()


def test_a_title_and_a_picture(serve, kept) -> None:
    def photo(title: str, picture: Upload, peer: Peer, year: int = 0) -> list[object]:
        kept.append(picture)
        return [title, picture.filename, picture.content_type, picture.size, picture.read().decode(), year]

    answer = post(serve(photo), field("title", b"sea"), file("picture", b"blue", "../x.png"))
    assert json.loads(answer.body) == ["sea", "x.png", "text/css", 4, "blue", 0]
    assert kept[0].file.closed


def test_several_files(serve) -> None:
    async def photos(pictures: list[Upload], cover: Upload | None = None) -> list[object]:
        return [[(await picture.aread()).decode() for picture in pictures], cover is None]

    answer = post(serve(photos, run=None), file("pictures", b"1"), file("pictures", b"2"))
    assert json.loads(answer.body) == [["1", "2"], True]


def test_every_fault_of_a_form(serve) -> None:
    def photo(year: int, title: str, picture: Upload, cover: Upload) -> None: ...

    answer = post(serve(photo), field("year", b"x"), file("cover", b""), file("cover", b""))
    assert answer.status == 422
    assert {(fault["pointer"], fault["kind"]) for fault in json.loads(answer.body)["errors"]} == {
        ("/form/year", "int_parsing"),
        ("/form/title", "missing"),
        ("/form/picture", "missing"),
        ("/form/cover", "repeated"),
    }


def test_what_is_no_form(serve) -> None:
    def photo(picture: Upload) -> None: ...

    client = serve(photo)
    answer = client.ask("POST", "/f", b"{}", Content_Type="application/json")
    assert (answer.status, "multipart/form-data" in answer.headers["Accept-Post"]) == (415, True)
    assert client.ask("POST", "/f", b"--b", Content_Type=MULTIPART).status == 400
    assert client.ask("GET", "/f").headers["Allow"] == "POST, PUT, PATCH, OPTIONS"


def test_limits_of_a_form(serve) -> None:
    def photo(picture: Upload) -> None: ...

    client = serve(photo, forms=FormLimits(parts=1))
    assert post(client, field("a", b"1"), file("picture", b"")).status == 413
    assert post(client, file("picture", b"x" * 100)).status == 204


def test_the_whole_is_bounded_by_the_body(connect, clock, journal) -> None:
    def photo(picture: Upload) -> None: ...

    client = connect({"/f": function_route(photo, reactor=clock, journal=journal, run="loop")}, body=300)
    assert post(client, file("picture", b"x" * 100)).status == 204
    assert post(client, file("picture", b"x" * 300)).status == 413


def test_a_file_is_written_as_it_comes(serve, kept) -> None:
    sizes = []

    def photo(picture: Upload) -> str:
        kept.append(picture)
        return str((picture.size, picture.in_memory))

    client = serve(photo, forms=FormLimits(memory=100))
    start = file("picture", b"x").partition(b"x\r\n--b")[0].removesuffix(b"x\r\n")
    begin(client, len(start) + 500 + 2 + len(END))
    client.send(start)
    for _ in range(5):
        client.send(b"y" * 100)
        sizes.append(client.connection._intake.incoming._body.held)
    client.send(b"\r\n" + END)
    client.turn()
    assert client.answers()[0].body == b"(500, False)"
    assert sizes == [0] * 5


def test_a_client_that_leaves_in_the_middle(serve, kept, failures, monkeypatch) -> None:
    made: list[Upload] = []
    init = Upload.__init__

    def remember(self: Upload, *arguments: Any, **settings: Any) -> None:
        made.append(self)
        init(self, *arguments, **settings)

    monkeypatch.setattr(Upload, "__init__", remember)

    def photo(picture: Upload) -> None:
        raise AssertionError("it is not called")

    client = serve(photo)
    begin(client, 10_000)
    client.send(file("picture", b"x" * 100))
    client.leave()
    client.turn()
    assert [upload.file.closed for upload in made] == [True]
    assert failures == []


def test_the_files_are_gone_with_a_call_that_is_cancelled(serve, kept, failures) -> None:
    cancelled = []

    async def photo(picture: Upload) -> None:
        kept.append(picture)
        try:
            await Deferred()
        except CancelledError:
            cancelled.append(True)
            raise

    client = serve(photo, run=None)
    body = file("picture", b"x") + END
    begin(client, len(body))
    client.send(body)
    assert not kept[0].file.closed
    client.break_off()
    client.turn()
    assert (cancelled, kept[0].file.closed, failures) == ([True], True, [])


def test_the_files_are_there_while_the_answer_is_made_of_them(serve, kept) -> None:
    def echo(picture: Upload) -> Iterator[str]:
        kept.append(picture)
        while piece := picture.read(2):
            yield piece.decode()

    answer = post(serve(echo), file("picture", b"abcde"))
    assert (answer.body, kept[0].file.closed) == (b'"ab"\n"cd"\n"e"\n', True)


def test_a_response_that_is_not_ours_to_change(serve, kept) -> None:
    fixed = Response(OctetsSource(b"fixed"))
    content = fixed.content

    def answer(picture: Upload) -> Response:
        kept.append(picture)
        return fixed

    assert post(serve(answer), file("picture", b"")).body == b"fixed"
    assert fixed.content is content
    assert kept[0].file.closed


def test_an_error_of_the_function(serve, kept, failures) -> None:
    def fail(picture: Upload) -> None:
        kept.append(picture)
        raise RuntimeError

    assert post(serve(fail), file("picture", b"")).status == 500
    assert kept[0].file.closed
    assert len(failures) == 1


def test_threads(serve, clock) -> None:
    def photo(picture: Upload) -> bytes:
        return picture.read()

    client = serve(photo, run="threads")
    body = file("picture", b"blue") + END
    begin(client, len(body))
    client.send(body)
    clock.wait_for_thread()
    client.turn()
    assert client.answers()[0].body == b"blue"


def test_the_request_has_no_content_of_its_own(serve) -> None:
    def photo(picture: Upload, request: Request) -> str:
        return f"{request.method} {len(request.body)}"

    assert post(serve(photo), file("picture", b"x")).body == b"POST 0"


def test_a_function_of_the_whole_request_reads_its_form(serve) -> None:
    def whole(request: Request) -> str:
        with request.form() as form:
            return form["a"] + form.uploads("f")[0].read().decode()

    async def streamed(request: StreamingRequest) -> str:
        with await request.form(FormLimits(parts=2)) as form:
            return form["a"] + form.uploads("f")[0].read().decode()

    for function in (whole, streamed):
        client = serve(function, run=None if function is streamed else "loop")
        assert post(client, field("a", b"1"), file("f", b"2")).body == b"12"
        assert client.ask("POST", "/f", b"x", Content_Type="text/plain").status == 415
    assert post(serve(streamed, run=None), *[field("a", b"1")] * 3).status == 413


def test_other_processes_have_no_uploads(serve) -> None:
    def photo(picture: Upload) -> None: ...

    with pytest.raises(TypeError, match="no other process"):
        serve(photo, run="processes")
