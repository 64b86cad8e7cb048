"""Requests that real programs answer."""

from __future__ import annotations

import json
import os
import re
import select
import shutil
import sys

import pytest
import pytest_twisted

from protocols.handlers import CallTimeoutError
from protocols.http import RespondRoute
from protocols.http.routes.cgi.script import OneProgram

HELLO = "printf 'Content-Type: text/plain\\n\\nhello'"


ENVIRONMENT = f"""#!{sys.executable} -S
import json, os, sys
print("Content-Type: application/json\\n")
print(json.dumps({{"environment": dict(os.environ), "arguments": sys.argv[1:], "folder": os.getcwd()}}))
"""


PERL = """#!/usr/bin/perl
use strict;
my $body = do { local $/; <STDIN> };
print "Content-Type: text/plain\\r\\nStatus: 201 Made\\r\\n\\r\\n", "$ENV{PATH_INFO} ", uc $body;
"""


@pytest_twisted.ensureDeferred
async def test_a_shell_script_answers(site):
    site.sh("hello", HELLO)
    answer = await site.serve().ask("GET", "/cgi-bin/hello")
    assert (answer.status, answer.headers["content-type"], answer.body) == (200, "text/plain", b"hello")
    assert answer.headers["server"] == "polyport"


@pytest_twisted.ensureDeferred
@pytest.mark.skipif(not shutil.which("perl"), reason="there is no Perl")
async def test_a_perl_script_reads_what_is_posted(site):
    site.write("upper.pl", PERL)
    answer = await site.serve().ask("POST", "/cgi-bin/upper.pl/a/b", b"some text")
    assert (answer.status, answer.body) == (201, b"/a/b SOME TEXT")


@pytest_twisted.ensureDeferred
async def test_what_a_script_is_told(site, tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET", "x")
    site.write("below/env", ENVIRONMENT)
    asking = site.serve(environment={"COLOUR": "blue"}, documents=tmp_path)
    lines = ["Host: a.test:81", "X-One: 1", "X_One: 2", "Proxy: http://evil", "Authorization: Basic eA==",
             "Cookie: a=1", "Cookie: b=2", "Content-Type: text/x", "Content-Length: 1"]  # fmt: skip
    answer = await asking.send("POST", "/cgi-bin/below/env/in%20fo?a=b&c", lines, b"x")
    told = json.loads(answer.body)
    environment = told["environment"]
    assert told["folder"] == str(site.folder / "below")
    assert told["arguments"] == []
    for name in ("LC_CTYPE", "PWD", "SHLVL", "_"):  # an interpreter may set these itself
        environment.pop(name, None)
    path = environment.pop("PATH")
    assert "/usr/bin" in path.split(":")
    assert re.fullmatch("[0-9a-f]{16}", environment.pop("HTTP_X_REQUEST_ID"))
    assert environment == {
        "COLOUR": "blue",
        "CONTENT_LENGTH": "1",
        "CONTENT_TYPE": "text/x",
        "GATEWAY_INTERFACE": "CGI/1.1",
        "HTTP_COOKIE": "a=1; b=2",
        "HTTP_HOST": "a.test:81",
        "HTTP_X_ONE": "1",
        "PATH_INFO": "/in fo",
        "PATH_TRANSLATED": f"{tmp_path}/in fo",
        "QUERY_STRING": "a=b&c",
        "REMOTE_ADDR": "192.0.2.7",
        "REMOTE_HOST": "192.0.2.7",
        "REMOTE_PORT": "4321",
        "REQUEST_METHOD": "POST",
        "REQUEST_SCHEME": "http",
        "REQUEST_URI": "/cgi-bin/below/env/in%20fo?a=b&c",
        "SCRIPT_FILENAME": str(site.folder / "below" / "env"),
        "SCRIPT_NAME": "/cgi-bin/below/env",
        "SERVER_NAME": "a.test",
        "SERVER_PORT": "81",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_SOFTWARE": "polyport",
    }


@pytest_twisted.ensureDeferred
async def test_a_query_without_equals_signs_is_arguments(site):
    site.write("env", ENVIRONMENT)
    asking = site.serve()
    for query, words in (("one+t%20wo", ["one", "t wo"]), ("$(id)", ["$(id)"]), ("-s", []), ("a=b", [])):
        answer = await asking.ask("GET", f"/cgi-bin/env?{query}")
        assert json.loads(answer.body)["arguments"] == words


@pytest_twisted.ensureDeferred
async def test_an_interpreter_runs_what_is_no_program(site):
    site.write("env.py", ENVIRONMENT.partition("\n")[2], 0o644)
    asking = site.serve(interpreters={".py": (sys.executable, "-S")})
    answer = await asking.ask("GET", "/cgi-bin/env.py?-x")
    assert json.loads(answer.body)["arguments"] == []


@pytest_twisted.ensureDeferred
async def test_one_program_for_every_path(site):
    script = site.write("env", ENVIRONMENT)
    asking = site.serve(scripts=OneProgram([str(script), "-a"]))
    told = json.loads((await asking.ask("GET", "/cgi-bin/x/y?word")).body)
    assert told["arguments"] == ["-a"]
    assert told["environment"]["SCRIPT_NAME"] == "/cgi-bin"
    assert told["environment"]["PATH_INFO"] == "/x/y"


@pytest_twisted.ensureDeferred
async def test_what_cannot_be_run(site):
    site.write("text", "x", 0o644)
    site.write("no-interpreter", "#!/nowhere/x\n")
    asking = site.serve()
    assert (await asking.ask("GET", "/cgi-bin/text")).status == 403
    assert (await asking.ask("GET", "/cgi-bin/nothing")).status == 404
    assert (await asking.ask("GET", "/cgi-bin/")).status == 404


@pytest_twisted.ensureDeferred
async def test_what_does_not_start(site, failures):
    site.write("no-interpreter", "#!/nowhere/x\n")
    answer = await site.serve().ask("GET", "/cgi-bin/no-interpreter")
    assert answer.status == 500
    assert b"nowhere" not in answer.body
    (event,) = failures
    assert "no-interpreter cannot be started" in str(event["error"])
    failures.clear()


def ended(pid: int) -> bool:
    """Whether the process, which need not be a child of ours, ends soon."""
    try:
        watch = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    ready, _, _ = select.select([watch], [], [], 20)
    os.close(watch)
    return bool(ready)


# -- local redirects --------------------------------------------------------------------------------


@pytest_twisted.ensureDeferred
async def test_a_local_redirect_is_answered_by_another_path(site):
    site.sh("go", "cat >/dev/null; printf 'Location: /page?x=1\\n\\n'")
    asking = site.serve({"/page": RespondRoute("page")})
    assert (await asking.ask("POST", "/cgi-bin/go", b"x" * 100_000)).body == b"page"
    answer = await asking.ask("HEAD", "/cgi-bin/go")
    assert (answer.status, answer.headers["content-length"]) == (200, "4")


@pytest_twisted.ensureDeferred
async def test_a_local_redirect_to_another_script_is_a_get_without_content(site):
    site.sh("go", "printf 'Location: /cgi-bin/env/info?a=1\\n\\n'")
    site.write("env", ENVIRONMENT)
    answer = await site.serve().ask("POST", "/cgi-bin/go", b"x" * 900_000, Content_Type="text/x")
    environment = json.loads(answer.body)["environment"]
    assert (environment["REQUEST_METHOD"], environment["PATH_INFO"]) == ("GET", "/info")
    assert environment["QUERY_STRING"] == "a=1"
    assert not {"CONTENT_LENGTH", "CONTENT_TYPE"} & set(environment)


@pytest_twisted.ensureDeferred
async def test_local_redirects_to_nothing_and_in_a_circle(site, failures):
    site.sh("lost", "printf 'Location: /nowhere\\n\\n'")
    site.sh("circle", "printf 'Location: /cgi-bin/circle\\n\\n'")
    asking = site.serve()
    assert (await asking.ask("GET", "/cgi-bin/lost")).status == 404
    assert failures == []
    assert (await asking.ask("GET", "/cgi-bin/circle")).status == 500
    (event,) = failures
    assert event["log_failure"].check(RecursionError)
    failures.clear()


# -- time and number --------------------------------------------------------------------------------


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("text", ["sleep 60", "while :; do printf 'X-A: b\\n'; sleep 0.05; done"])
async def test_a_script_that_does_not_answer_in_time(site, failures, text):
    site.sh("late", text)
    answer = await site.serve(timeout=0.3).ask("GET", "/cgi-bin/late")
    assert answer.status == 504
    (event,) = failures
    assert isinstance(event["error"], CallTimeoutError)
    failures.clear()


@pytest_twisted.ensureDeferred
async def test_time_in_which_a_script_keeps_writing_does_not_count(site):
    site.sh(
        "slow", "printf 'Content-Type: text/plain\\n\\n'; for i in 1 2 3 4 5 6; do sleep 0.2; echo $i; done"
    )
    answer = await site.serve(timeout=0.8).ask("GET", "/cgi-bin/slow")
    assert answer.body == b"1\n2\n3\n4\n5\n6\n"


@pytest_twisted.ensureDeferred
async def test_no_more_programs_than_may_run_and_wait(site, another, tmp_path):
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    opened = os.open(gate, os.O_RDWR)
    site.sh("held", f"read line <{gate}; {HELLO}")
    first = site.serve(processes=1, queue=1)
    request = b"GET /cgi-bin/held HTTP/1.1\r\nHost: a\r\n\r\n"
    first.client.send(request)
    second, third = (first.beside(another) for _ in range(2))
    second.client.send(request)
    answer = await third.ask("GET", "/cgi-bin/held")
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    for asking in (first, second):
        os.write(opened, b"go\n")
        await asking.until(lambda asking=asking: b"hello" in asking.wire.value())
    os.close(opened)
    for asking in (second, third):
        asking.client.leave()


@pytest_twisted.ensureDeferred
async def test_who_leaves_while_waiting_takes_no_turn(site, another):
    site.sh("held", "sleep 60")
    site.sh("hello", HELLO)
    first = site.serve(processes=1, queue=1)
    first.client.send(b"GET /cgi-bin/held HTTP/1.1\r\nHost: a\r\n\r\n")
    second, third = (first.beside(another) for _ in range(2))
    second.client.send(b"GET /cgi-bin/held HTTP/1.1\r\nHost: a\r\n\r\n")
    second.client.break_off()
    third.client.send(b"GET /cgi-bin/hello HTTP/1.1\r\nHost: a\r\n\r\n")
    first.client.break_off()
    await third.until(lambda: b"hello" in third.wire.value())
    third.client.leave()


@pytest_twisted.ensureDeferred
async def test_waiting_has_an_end(site, another):
    site.sh("held", "sleep 60")
    first = site.serve(processes=1, queue=1, timeout=0.3)
    first.client.send(
        b"POST /cgi-bin/held HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\n" + b"x" * 65_536
    )
    second = first.beside(another)
    assert (await second.ask("GET", "/cgi-bin/held")).status == 503
    second.client.leave()


@pytest_twisted.ensureDeferred
async def test_a_client_that_leaves_ends_the_script_and_its_children(site, tmp_path):
    site.sh("family", f"sleep 60 & echo $! >{tmp_path}/pid; {HELLO}; wait")
    asking = site.serve()
    asking.client.send(b"GET /cgi-bin/family HTTP/1.1\r\nHost: a\r\n\r\n")
    await asking.until(lambda: b"hello" in asking.wire.value())
    asking.client.break_off()
    await site.route.runner.idle()
    child = int((tmp_path / "pid").read_text())
    assert ended(child)


@pytest_twisted.ensureDeferred
async def test_stopping_ends_what_still_runs(site):
    site.sh("on", f"{HELLO}; exec >&-; sleep 60")
    asking = site.serve()
    assert (await asking.ask("GET", "/cgi-bin/on")).body == b"hello"
    assert len(site.route.runner.programs) == 1
    await site.route.stop()
    assert len(site.route.runner.programs) == 0


# -- nothing is left --------------------------------------------------------------------------------


@pytest_twisted.ensureDeferred
async def test_many_requests_leave_nothing_behind(site, descriptors, children):
    site.sh("hello", HELLO)
    site.sh("fail", "exit 1")
    asking = site.serve()
    await asking.ask("GET", "/cgi-bin/hello")
    await site.route.runner.idle()
    before, family = descriptors(), children()
    for number in range(500):
        answer = await asking.ask("POST" if number % 2 else "GET", "/cgi-bin/hello", b"x" * (number % 2))
        assert answer.body == b"hello"
    await site.route.runner.idle()
    assert descriptors() == before
    assert children() == family


@pytest_twisted.ensureDeferred
async def test_what_does_not_start_leaves_nothing_behind(site, failures, descriptors, children):
    site.write("no-interpreter", "#!/nowhere/x\n")
    asking = site.serve(processes=2)
    await asking.ask("GET", "/cgi-bin/no-interpreter")
    before, family = descriptors(), children()
    for _ in range(5):
        await asking.ask("POST", "/cgi-bin/no-interpreter", b"x")
    assert (descriptors(), children()) == (before, family)
    failures.clear()
