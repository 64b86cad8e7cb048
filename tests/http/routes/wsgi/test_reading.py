"""``wsgi.input`` beside a file of the same bytes, whatever is done with it."""

from __future__ import annotations

from io import BufferedReader, BytesIO

from hypothesis import given
from hypothesis import strategies as st

from protocols.http import BodyStream
from protocols.http.routes.wsgi.content import Content

CALLS = st.sampled_from(["read", "readline", "readlines", "next"])
SIZES = st.one_of(st.integers(-1, 12), st.just(100_000))


class Ignored:
    """A connection to which nothing is said."""

    def wanted(self) -> None: ...
    def taken(self, size: int) -> None: ...


@given(
    st.lists(st.text("a\n", min_size=1, max_size=9).map(str.encode), max_size=9),
    st.lists(st.tuples(CALLS, SIZES), max_size=12),
)
def test_it_reads_as_a_file_does(pieces: list[bytes], calls: list[tuple[str, int]]) -> None:
    body = BodyStream(Ignored(), None)

    def in_reactor(function, *arguments) -> None:
        """The client sends a piece each time that it is waited for."""
        function(*arguments)
        if left:
            body.feed(left.pop(0))
        else:
            body.finish()

    left = list(pieces)
    stream, file = BufferedReader(Content(body, in_reactor, lambda: None), 4), BytesIO(b"".join(pieces))
    for name, size in calls:
        if name == "next":
            assert next(stream, b"") == next(file, b"")
        elif name == "readlines":
            assert stream.readlines() == file.readlines()  # its hint may be ignored
        else:
            assert getattr(stream, name)(size) == getattr(file, name)(size)
    assert stream.read() == file.read()
