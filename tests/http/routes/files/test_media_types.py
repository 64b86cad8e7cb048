from __future__ import annotations

import pytest

from protocols.http.routes.files.media_types import media_type


@pytest.mark.parametrize(
    ("name", "media"),
    [
        ("a.html", "text/html; charset=utf-8"),
        ("A.HTML", "text/html; charset=utf-8"),
        ("a.b.css", "text/css; charset=utf-8"),
        ("a.js", "text/javascript; charset=utf-8"),
        ("a.mjs", "text/javascript; charset=utf-8"),
        ("a.json", "application/json"),
        ("a.js.map", "application/json"),
        ("a.svg", "image/svg+xml"),
        ("a.png", "image/png"),
        ("a.webp", "image/webp"),
        ("a.woff2", "font/woff2"),
        ("a.wasm", "application/wasm"),
        ("a.pdf", "application/pdf"),
        ("a.mp4", "video/mp4"),
        ("a.webm", "video/webm"),
        ("a.log", "text/plain; charset=utf-8"),
        ("a.geojson", "application/geo+json"),
        ("a.tar.gz", "application/gzip"),
        ("a.tar.zst", "application/zstd"),
        ("a.svgz", "application/gzip"),
        ("a.html.br", "application/octet-stream"),
        ("a.weird", "application/octet-stream"),
        ("a", "application/octet-stream"),
        ("html", "application/octet-stream"),
        (".html", "application/octet-stream"),
        ("data:text/html,a", "application/octet-stream"),
        ("http://x/a.html", "text/html; charset=utf-8"),
    ],
)
def test_types(name: str, media: str) -> None:
    assert media_type(name) == media
