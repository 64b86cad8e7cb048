"""HTTP: routes, what answers them, and the factory that serves them.

The words are here: a :class:`Request` comes in, a :class:`Route` makes a :class:`Response` of it, a
:class:`Site` knows which.  ``routes`` has what answers, ``server`` what meets the network, and neither
knows the other.
"""

from protocols.http.body import BodyStream, ClientGoneError
from protocols.http.contract import Answer, Route
from protocols.http.errors import HTTPError
from protocols.http.fields import Fields, Headers, Query
from protocols.http.limits import Limits
from protocols.http.request import Request, RequestHead, StreamingRequest
from protocols.http.response import Response
from protocols.http.routes.asgi.route import ASGIRoute
from protocols.http.routes.files.route import FilesRoute
from protocols.http.routes.function import function_route
from protocols.http.routes.redirect import RedirectRoute
from protocols.http.routes.respond import RespondRoute
from protocols.http.routes.wsgi.route import WSGIRoute
from protocols.http.routing import Entry
from protocols.http.server.factory import ALPN, HTTPFactory
from protocols.http.source import Source
from protocols.http.upgrade import Upgrade

__all__ = [
    "ALPN",
    "ASGIRoute",
    "Answer",
    "BodyStream",
    "ClientGoneError",
    "Entry",
    "Fields",
    "FilesRoute",
    "HTTPError",
    "HTTPFactory",
    "Headers",
    "Limits",
    "Query",
    "RedirectRoute",
    "Request",
    "RequestHead",
    "RespondRoute",
    "Response",
    "Route",
    "Source",
    "StreamingRequest",
    "Upgrade",
    "WSGIRoute",
    "function_route",
]
