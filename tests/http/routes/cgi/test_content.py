from __future__ import annotations

import os

import pytest
import pytest_twisted

HELLO = "printf 'Content-Type: text/plain\\n\\nhello'"


ECHO = "printf 'Content-Type: application/octet-stream\\n\\n'; exec cat"


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("size", [1, 65_536, 65_537, 900_000])
async def test_content_goes_through(site, size):
    site.sh("echo", ECHO)
    sent = os.urandom(size)
    assert (await site.serve().ask("POST", "/cgi-bin/echo", sent)).body == sent


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("count", [0, 3, 300_000])
async def test_chunks_have_a_length_for_the_script(site, count):
    site.sh("count", 'printf "Content-Type: text/plain\\n\\n$CONTENT_LENGTH "; wc -c')
    chunk = b"%x\r\n%b\r\n" % (count, b"x" * count) if count else b""
    lines = ["Transfer-Encoding: chunked"]
    answer = await site.serve().send("POST", "/cgi-bin/count", lines, chunk + b"0\r\n\r\n")
    assert answer.body.split() == ([b"%d" % count] if count else []) + [b"%d" % count]


@pytest_twisted.ensureDeferred
async def test_chunks_beyond_the_limit_start_nothing(site, tmp_path):
    site.sh("touch", f"touch {tmp_path}/touched; {HELLO}")
    asking = site.serve(limits={"body": 100_000})
    lines = ["Transfer-Encoding: chunked"]
    answer = await asking.send(
        "POST", "/cgi-bin/touch", lines, b"30d40\r\n" + b"x" * 200_000 + b"\r\n0\r\n\r\n"
    )
    assert answer.status == 413
    assert not (tmp_path / "touched").exists()


@pytest_twisted.ensureDeferred
async def test_a_script_that_reads_nothing_answers_all_the_same(site):
    site.sh("hello", HELLO)
    asking = site.serve()
    assert (await asking.ask("POST", "/cgi-bin/hello", b"x" * 900_000)).body == b"hello"


@pytest_twisted.ensureDeferred
async def test_a_client_that_leaves_in_its_content_ends_the_script(site):
    site.sh("echo", "cat >/dev/null; sleep 60")
    asking = site.serve()
    asking.client.send(
        b"POST /cgi-bin/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\n" + b"x" * 70_000
    )
    started = await site.started()
    asking.client.break_off()
    await site.route.runner.idle()
    assert started.status is not None
