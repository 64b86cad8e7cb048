"""What a client is told when there is nothing better to say."""

from __future__ import annotations

from html import escape

from protocols.codec import DecodeError
from protocols.codec.json_codec import encode_json
from protocols.http.errors import HTTPError, phrase
from protocols.http.request import RequestHead
from protocols.http.response import BODILESS, Response

PROBLEM = "application/problem+json"
"""RFC 9457."""

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>body{{font:1rem/1.5 system-ui,sans-serif;margin:4rem auto;max-width:40rem;padding:0 1rem}}</style>
<h1>{title}</h1>
<p>{detail}</p>
</html>
"""


def problem_response(error: DecodeError) -> Response:
    """What tells the client why its message was not taken (400 or 422)."""
    return Response(encode_json(error.problem()), error.status, PROBLEM)


def error_response(request: RequestHead, error: HTTPError) -> Response:
    """`error` in the form that the client reads: a page, a problem document, or a line of text.

    A client that does not say gets a problem document if it sent something, text if it asked for
    something.
    """
    status, headers = error.status, error.headers
    if status in BODILESS:
        return Response(status=status, headers=headers)
    title = f"{status} {phrase(status)}"
    form = _form(request)
    if form == "html":
        page = _PAGE.format(title=escape(title), detail=escape(error.detail))
        return Response(page, status, "text/html; charset=utf-8", headers)
    if form == "problem":
        document = {"type": "about:blank", "title": phrase(status), "status": status}
        if error.detail:
            document["detail"] = error.detail
        return Response(encode_json(document), status, PROBLEM, headers)
    return Response(f"{title}\n" + (f"{error.detail}\n" if error.detail else ""), status, headers=headers)


def _form(request: RequestHead) -> str:
    html = problem = 0.0
    for part in (request.headers.get("accept") or "").lower().split(","):
        media, _, parameters = part.partition(";")
        media = media.strip()
        quality = _quality(parameters)
        if media in ("text/html", "application/xhtml+xml"):
            html = max(html, quality)
        elif media == "application/json" or media.endswith("+json"):
            problem = max(problem, quality)
    if html or problem:
        return "html" if html >= problem else "problem"
    return "text" if request.method in ("GET", "HEAD", "OPTIONS") else "problem"


def _quality(parameters: str) -> float:
    """The weight among `parameters` (RFC 9110, section 12.4.2); 0 if it cannot be read."""
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0
