"""``polyport check``."""

from __future__ import annotations

import pytest

GOOD = """
services:
  shout: {listen: [tcp://127.0.0.1:7000, unix:shout.sock], function: functions:shout}
  clock: {listen: udp://127.0.0.1:7013, builtin: daytime}
  off: {enabled: false, listen: tcp://127.0.0.1:1, builtin: echo}
  site: {listen: tcp://127.0.0.1:8080, http: {/: {respond: fine}, /old: {redirect: /}}}
  own: {listen: tcp://127.0.0.1:9, factory: functions:factory}
"""
FUNCTIONS = """
from twisted.internet.protocol import Factory
factory = Factory()
def shout(message: str) -> str: return message
def many(a, b, c): ...
"""


@pytest.fixture
def check(polyport, tmp_path):
    def run(yaml: str, *options: str):
        (tmp_path / "functions.py").write_text(FUNCTIONS)
        (tmp_path / "polyport.yaml").write_text(yaml)
        return polyport("check", *options, cwd=tmp_path)

    return run


def test_what_would_be_served(check, tmp_path):
    done = check(GOOD)
    assert (done.returncode, done.stderr) == (0, b"")
    rows = [line.split(None, 2) for line in done.stdout.decode().splitlines()[:-1]]
    assert rows == [
        ["shout", "tcp://127.0.0.1:7000", "function functions:shout"],
        ["shout", f"unix://{tmp_path}/shout.sock", "function functions:shout"],
        ["clock", "udp://127.0.0.1:7013", "builtin daytime"],
        ["off", "tcp://127.0.0.1:1", "not enabled"],
        ["site", "tcp://127.0.0.1:8080", "http /, /old"],
        ["own", "tcp://127.0.0.1:9", "factory functions:factory"],
    ]
    assert done.stdout.endswith(b"\npolyport.yaml: no problems\n")
    assert not (tmp_path / "shout.sock").exists()


def test_the_columns_are_aligned(check):
    lines = check(GOOD).stdout.decode().splitlines()[:-1]
    for column in (1, 2):
        assert len({line.index(line.split(None, 2)[column]) for line in lines}) == 1


def test_quiet(check):
    done = check(GOOD, "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_every_problem_and_status_2(check):
    done = check("""
services:
  a: {lisen: "tcp://:1", builtin: echo}
  b: {listen: "tcp://:1", function: "functions:shuot"}
""")
    assert (done.returncode, done.stdout) == (2, b"")
    first, second, count = done.stderr.decode().splitlines()
    assert first.startswith("polyport.yaml:3:7: services.a.lisen: ")
    assert first.endswith("did you mean listen?")
    assert second.startswith("polyport.yaml:4:37: services.b.function: ")
    assert count == "2 problems"


def test_what_only_shows_when_it_is_put_together(check):
    done = check('services: {a: {listen: "tcp://:1", function: "functions:many"}}')
    assert done.returncode == 2
    assert done.stderr.endswith(b"1 problem\n")
    assert b"services.a.function: " in done.stderr


def test_a_file_that_is_not_there(polyport, tmp_path):
    done = polyport("check", "nowhere.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith(b"nowhere.yaml: ")
    assert b"Traceback" not in done.stderr


def test_the_usual_file_is_not_there(polyport, tmp_path):
    done = polyport("check", cwd=tmp_path)
    assert done.returncode == 2
    assert b"`polyport init` writes a first one" in done.stderr


def test_an_asgi_application_finds_the_daemon_s_own_reactor(check, tmp_path):
    (tmp_path / "shop.py").write_text("async def app(scope, receive, send): ...\n")
    done = check("services: {site: {listen: 'tcp://127.0.0.1:0', http: {/: {asgi: 'shop:app'}}}}")
    assert (done.returncode, done.stderr) == (0, b"")


def test_what_should_be_seen_to(check, polyport, tmp_path):
    made = polyport("cert", "--out", tmp_path / "tls", "--days", 20)
    assert made.returncode == 0
    key = tmp_path / "tls" / "localhost.key"
    key.chmod(0o644)
    done = check("""
certificates: {main: {certificate: tls/localhost.pem, key: tls/localhost.key}}
services:
  a: {listen: "tls://127.0.0.1:0", builtin: echo, tls: main}
  b: {listen: "tls://127.0.0.1:0", builtin: echo, tls: main}
""")
    assert done.returncode == 0
    expiry, mode = done.stderr.decode().splitlines()
    assert expiry.startswith("warning: the certificate main runs out on ")
    assert mode == f"warning: {key} can be read or changed by others (mode 0644); chmod 640 is enough"
    assert done.stdout.endswith(b": no problems, 2 warnings\n")
    key.chmod(0o600)
    polyport("cert", "--out", tmp_path / "tls", "--force")
    done = check(
        "services: {a: {listen: 'tls://127.0.0.1:0', builtin: echo, tls: "
        "{certificate: {certificate: tls/localhost.pem, key: tls/localhost.key}}}}"
    )
    assert (done.returncode, done.stderr) == (0, b"")
