"""``polyport send`` to a server of HTTP's."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


class Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.seen.append((self.command, self.headers, body))
        self.send_response(404 if self.path == "/missing" else 200)
        self.send_header("Set-Cookie", "visited=yes; Path=/")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = answer

    def log_message(self, *arguments) -> None:
        """Nothing."""


@pytest.fixture
def server():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    server.daemon_threads = True
    server.seen = []
    server.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(20)


def test_a_request_for_each_message(polyport, server):
    sent = polyport("send", "--codec", "json", server.url, '{"a": 1}', "2")
    assert (sent.returncode, sent.stdout, sent.stderr) == (0, b'{"a":1}\n2\n', b"")
    assert [headers["Content-Type"] for _, headers, _ in server.seen] == ["application/json"] * 2


def test_without_content_it_gets(polyport, server):
    sent = polyport("send", "--include", "-H", "X-Mine: yes", server.url)
    assert sent.returncode == 0
    assert sent.stdout.startswith(b"HTTP/1.1 200 OK\n")
    method, headers, _ = server.seen[0]
    assert (method, headers["X-Mine"]) == ("GET", "yes")


def test_uploads(polyport, server, tmp_path):
    (tmp_path / "file").write_bytes(b"content")
    sent = polyport("send", "-X", "PUT", "--upload", tmp_path / "file", server.url)
    assert (sent.returncode, sent.stdout.strip()) == (0, b"content")
    assert server.seen[0][0] == "PUT"


def test_a_form(polyport, server, tmp_path):
    (tmp_path / "a.txt").write_bytes(b"content")
    sent = polyport("send", "--form", "name=tea", "--form", f"file=@{tmp_path / 'a.txt'}", server.url)
    assert sent.returncode == 0
    assert b'filename="a.txt"' in server.seen[0][2]


def test_cookies(polyport, server, tmp_path):
    for _ in range(2):
        assert polyport("send", "--cookie-jar", tmp_path / "jar", server.url).returncode == 0
    assert [headers["Cookie"] for _, headers, _ in server.seen] == [None, "visited=yes"]


def test_a_status_that_is_an_error(polyport, server):
    sent = polyport("send", f"{server.url}/missing", "why")
    assert (sent.returncode, sent.stdout) == (1, b"why\n")
    assert b"/missing answered 404 Not Found" in sent.stderr


def test_refused(polyport, free_port):
    sent = polyport("send", "--retry", 1, f"http://127.0.0.1:{free_port()}")
    assert sent.returncode == 1
    assert b"Connection refused" in sent.stderr
    assert b"Traceback" not in sent.stderr


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--framing", "lines", "http://127.0.0.1:9"), "not for http"),
        (("--form", "a=b", "http://127.0.0.1:9", "x"), "one content"),
        (("--form", "a", "http://127.0.0.1:9"), "NAME=TEXT"),
        (("-H", "a", "http://127.0.0.1:9"), "NAME: VALUE"),
        (("--upload", "/no/such/file", "http://127.0.0.1:9"), "No such file"),
        (("--include", "tcp://127.0.0.1:9", "x"), "need http://"),
        (("--insecure", "http://127.0.0.1:9"), "not encrypted"),
    ],
)
def test_wrong_usage(arguments, why, polyport):
    sent = polyport("send", *arguments)
    assert sent.returncode == 2
    assert why in " ".join(sent.stderr.decode().split())
