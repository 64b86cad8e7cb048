from __future__ import annotations

import pytest
import pytest_twisted

from protocols.handlers import CallTimeoutError
from protocols.http.routes.cgi.faults import ScriptError

HELLO = "printf 'Content-Type: text/plain\\n\\nhello'"


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(
    ("head", "status", "location"),
    [
        ("Status: 404 Gone Fishing\\nContent-Type: text/plain", 404, None),
        ("Location: http://b.test/x", 302, "http://b.test/x"),
        ("Location: http://b.test/x\\nContent-Type: text/plain", 302, "http://b.test/x"),
        ("Status: 301 Moved\\nLocation: /elsewhere", 301, "/elsewhere"),
        ("Status: 201\\nLocation: /new\\nContent-Type: text/plain", 201, "/new"),
        ("Location: /page#part", 302, "/page#part"),
        ("Status: 204", 204, None),
    ],
)
async def test_heads(site, head, status, location):
    site.sh("head", f"printf '{head}\\n\\n'")
    answer = await site.serve().ask("GET", "/cgi-bin/head")
    assert (answer.status, answer.headers["location"]) == (status, location)


@pytest_twisted.ensureDeferred
async def test_a_redirect_with_content(site):
    site.sh("head", "printf 'Status: 303 x\\nLocation: http://b/\\nContent-Type: text/plain\\n\\nthere'")
    answer = await site.serve().ask("GET", "/cgi-bin/head")
    assert (answer.status, answer.body) == (303, b"there")


@pytest_twisted.ensureDeferred
async def test_fields_of_the_script_go_to_the_client_but_those_of_the_connection(site):
    fields = "Set-Cookie: a=1\\r\\nSet-Cookie: b=2\\r\\nConnection: close\\r\\nX-CGI-Trace: 1\\r\\n"
    site.sh("head", f"printf 'Content-Type: text/plain\\r\\n{fields}Content-Length: 2\\r\\n\\r\\nabc'")
    answer = await site.serve().ask("GET", "/cgi-bin/head")
    assert answer.headers.get_all("set-cookie") == ["a=1", "b=2"]
    assert answer.headers["connection"] is None
    assert answer.headers["x-cgi-trace"] is None
    assert (answer.headers["content-length"], answer.body) == ("2", b"ab")


@pytest_twisted.ensureDeferred
async def test_a_short_answer_that_is_complete_has_a_length(site):
    site.sh("hello", HELLO)
    asking = site.serve()
    answers = [await asking.ask("GET", "/cgi-bin/hello") for _ in range(20)]
    assert {answer.headers["content-length"] for answer in answers} <= {"5", None}
    assert {answer.body for answer in answers} == {b"hello"}


@pytest_twisted.ensureDeferred
async def test_head_has_no_content(site):
    site.sh("hello", HELLO)
    answer = await site.serve().ask("HEAD", "/cgi-bin/hello")
    assert (answer.status, answer.body, answer.headers["content-type"]) == (200, b"", "text/plain")


@pytest_twisted.ensureDeferred
async def test_scripts_that_write_the_whole_head(site):
    site.sh("nph-teapot", "printf 'HTTP/1.1 418 Teapot\\r\\nX-Leaf: green\\r\\n\\r\\nshort'")
    answer = await site.serve().ask("GET", "/cgi-bin/nph-teapot/x")
    assert (answer.status, answer.headers["x-leaf"], answer.body) == (418, "green", b"short")


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("true", "ended without an answer"),
        ("exit 3", "ended without an answer"),
        ("printf 'Content-Type: text/plain'", "ended before the end of its header"),
        ("printf 'X-A: b\\n\\nx'", "neither Content-Type nor Location nor Status"),
        ("printf 'Status: 200\\n\\nx'", "no Content-Type"),
        ("printf 'Traceback secret\\n\\n'", "line 1 of the header is not"),
        ("printf 'Location: /%%zz\\n\\n'", "Location is not a path"),
        ("printf 'HTTP/1.0 200 OK\\nContent-Type: text/plain\\n\\n'", "nph-"),
        ("yes 'X: 1234567890'", "more than 65536 bytes"),
    ],
)
async def test_what_is_no_answer_is_the_operators_to_know(site, failures, text, reason):
    site.sh("bad", text)
    answer = await site.serve().ask("GET", "/cgi-bin/bad")
    assert answer.status == 502
    (event,) = failures
    assert isinstance(event["error"], ScriptError)
    told = str(event["error"])
    assert told.startswith("bad: ")
    assert reason in told
    assert "secret" not in told
    assert reason.encode() not in answer.body
    failures.clear()


@pytest_twisted.ensureDeferred
async def test_an_answer_that_ends_short_is_cut(site, failures):
    site.sh("short", "printf 'Content-Type: text/plain\\nContent-Length: 10\\n\\nabc'")
    asking = site.serve()
    asking.client.send(b"GET /cgi-bin/short HTTP/1.1\r\nHost: a\r\n\r\n")
    await asking.until(lambda: asking.wire.aborted)
    assert asking.wire.value().endswith(b"abc")
    (event,) = failures
    assert "7 bytes short" in str(event["error"])
    failures.clear()


@pytest_twisted.ensureDeferred
async def test_a_script_that_stops_in_the_middle_is_cut(site, failures):
    site.sh("late", f"{HELLO}; sleep 60")
    asking = site.serve(timeout=0.3)
    asking.client.send(b"GET /cgi-bin/late HTTP/1.1\r\nHost: a\r\n\r\n")
    await asking.until(lambda: asking.wire.aborted)
    assert b"hello" in asking.wire.value()
    (event,) = failures
    assert isinstance(event["error"], CallTimeoutError)
    failures.clear()


@pytest_twisted.ensureDeferred
async def test_a_slow_reader_slows_the_script(site):
    site.sh("endless", "printf 'Content-Type: text/plain\\n\\n'; yes 0123456789")
    asking = site.serve()
    asking.wire.room = 200_000
    asking.client.send(b"GET /cgi-bin/endless HTTP/1.1\r\nHost: a\r\n\r\n")
    await asking.until(lambda: asking.client.connection.blocked)
    size = len(asking.wire.value())
    assert size < 400_000
    (process,) = site.route.runner.programs
    assert not process.stdout.is_awaited
    asking.wire.room = None
    asking.client.connection.resumeProducing()
    await asking.until(lambda: len(asking.wire.value()) > 2 * size)
