"""``polyport listen`` as a client of a server that goes away and comes back, and its patience."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor


def test_it_connects_again(polyport):
    def say_and_close(server: socket.socket) -> None:
        for word in (b"one\n", b"two\n"):
            connection, _ = server.accept()
            with connection:
                connection.sendall(word)

    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as aside:
        server.settimeout(20)
        said = aside.submit(say_and_close, server)
        url = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        heard = polyport("listen", "--reconnect", "--peer", "-n", 2, url)
        said.result()
    assert (heard.returncode, heard.stderr) == (0, b"")
    assert heard.stdout.decode() == f"{url}\tone\n{url}\ttwo\n"


def test_a_silent_server(polyport):
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        heard = polyport("listen", "--reconnect", "--timeout", "100ms", url)
    assert heard.returncode == 1
    assert f"nothing came from {url} for 0.1 s" in heard.stderr.decode()


def test_nobody_sends_anything(polyport):
    heard = polyport("listen", "--timeout", "100ms", "tcp://127.0.0.1:0")
    assert heard.returncode == 1
    assert b"nothing came for 0.1 s" in heard.stderr


def test_datagrams_have_no_connection(polyport):
    heard = polyport("listen", "--reconnect", "udp://127.0.0.1:9")
    assert heard.returncode == 2
    assert b"for streams" in heard.stderr


def test_whom_to_believe_is_for_a_client(polyport):
    assert polyport("listen", "--insecure", "tcp://127.0.0.1:0").returncode == 2
