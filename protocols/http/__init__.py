"""HTTP/1.1: routes, what answers them, and the factory that serves them.

twisted.web reads and writes the bytes, in ``channel`` and ``exchange`` and nowhere else; everything else
is of requests and responses.
"""

from protocols.http.contract import Route
from protocols.http.errors import HTTPError
from protocols.http.factory import ALPN, HTTPFactory
from protocols.http.fields import Fields, Headers, Query
from protocols.http.files import FilesRoute
from protocols.http.function import function_route
from protocols.http.redirect import RedirectRoute
from protocols.http.request import Request
from protocols.http.respond import RespondRoute
from protocols.http.response import Response
from protocols.http.source import Source

__all__ = [
    "ALPN",
    "Fields",
    "FilesRoute",
    "HTTPError",
    "HTTPFactory",
    "Headers",
    "Query",
    "RedirectRoute",
    "Request",
    "RespondRoute",
    "Response",
    "Route",
    "Source",
    "function_route",
]
