"""Both HTTP clients against the server of the standard library."""

from __future__ import annotations

import asyncio
import io
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from protocols.client import ConnectError, Retry
from protocols.client.http import AsyncHTTPClient, CookieFile, HTTPClient, Upload

QUICK = Retry(attempts=3, first=0.01)


def in_asyncio(base, requests, **settings):
    async def main():
        async with AsyncHTTPClient(base, **settings) as client:
            return [await client.request(method, path, **what) for method, path, what in requests]

    with ThreadPoolExecutor(1) as aside:
        return aside.submit(lambda: asyncio.run(main())).result(20)


def blocking(base, requests, **settings):
    with HTTPClient(base, **settings) as client:
        return [client.request(method, path, **what) for method, path, what in requests]


@pytest.fixture(params=[blocking, in_asyncio])
def make(request):
    return request.param


def test_connections_are_kept(make, site):
    server = site()
    assert [each.status_code for each in make(server.url, [("GET", "/", {})] * 3)] == [200] * 3
    assert len(server.connections) == 1


def test_values_are_json(make, site):
    server = site()
    [response] = make(server.url, [("POST", "/", {"value": {"a": 1}})])
    assert response.json() == {"a": 1}
    assert server.requests[0][3]["Content-Type"] == "application/json"


def test_an_upload_is_streamed_and_counted(make, site, tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"x" * 200_000)
    seen = []
    upload = Upload(file, lambda sent, total: seen.append((sent, total)))
    server = site()
    [response] = make(server.url, [("PUT", "/", {"content": upload})])
    assert response.content == file.read_bytes()
    assert server.requests[0][3]["Content-Length"] == "200000"
    assert (seen[-1], len(seen)) == ((200_000, 200_000), 4)


def test_a_form_with_a_file(make, site):
    server = site()
    form = {"name": "tea", "file": Upload(io.BytesIO(b"content"), name="a.txt")}
    make(server.url, [("POST", "/", {"form": form})])
    body = server.requests[0][2]
    assert b'name="name"\r\n\r\ntea' in body
    assert b'filename="a.txt"' in body
    assert b"content" in body


def test_what_is_idempotent_is_repeated_with_its_content(make, site):
    server = site()
    server.statuses = [503, 502]
    [response] = make(server.url, [("PUT", "/", {"content": Upload(io.BytesIO(b"content"))})], retry=QUICK)
    assert response.status_code == 200
    assert [request[2] for request in server.requests] == [b"content"] * 3


def test_a_post_is_not(make, site):
    server = site()
    server.statuses = [503]
    [response] = make(server.url, [("POST", "/", {"content": b"x"})], retry=QUICK)
    assert (response.status_code, len(server.requests)) == (503, 1)


def test_refused(make, free_port):
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(ConnectError, match=f"could not connect to {url}/x: Connection refused"):
        make(url, [("GET", "/x", {})])


@pytest.mark.parametrize(("name", "begins"), [("c.txt", b"# Netscape"), ("c.lwp", b"#LWP-Cookies-")])
def test_cookies_stay(name, begins, make, site, tmp_path):
    server, file = site(), tmp_path / name
    for _ in range(2):
        make(server.url, [("GET", "/", {})], cookies=file)
    assert server.requests[0][3]["Cookie"] is None
    assert server.requests[1][3]["Cookie"] == "visited=yes"
    assert file.read_bytes().startswith(begins)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == [name]


def test_a_file_without_cookies(tmp_path):
    (tmp_path / "c").write_text("nothing of the kind\n")
    with pytest.raises(ValueError, match="holds no cookies"):
        CookieFile(tmp_path / "c")
