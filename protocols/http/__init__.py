"""HTTP: routes, what answers them, and the factory that serves them.

The words are here: a :class:`Request` comes in, a :class:`Route` makes a :class:`Response` of it, a
:class:`Site` knows which.  ``routes`` has what answers, ``server`` what meets the network, and neither
knows the other.
"""

from protocols.http.body import BodyStream, ClientGoneError
from protocols.http.contract import Answer, Route
from protocols.http.errors import HTTPError
from protocols.http.event import Event
from protocols.http.fields import Fields, Headers, Query
from protocols.http.form import Form
from protocols.http.form_limits import FormLimits
from protocols.http.limits import Limits
from protocols.http.local_redirect import LocalRedirect
from protocols.http.request import Request, RequestHead, StreamingRequest
from protocols.http.response import Response
from protocols.http.routes.asgi.route import ASGIRoute
from protocols.http.routes.cgi.route import CgiRoute
from protocols.http.routes.channel.published_answers import PublishedAnswers
from protocols.http.routes.channel.route import ChannelRoute
from protocols.http.routes.events import EventsRoute
from protocols.http.routes.files.route import FilesRoute
from protocols.http.routes.function import function_route
from protocols.http.routes.proxy.limits import ProxyLimits
from protocols.http.routes.proxy.origin_url import OriginURL
from protocols.http.routes.proxy.route import ProxyRoute
from protocols.http.routes.redirect import RedirectRoute
from protocols.http.routes.respond import RespondRoute
from protocols.http.routes.websocket import WebSocketRoute
from protocols.http.routes.wsgi.route import WSGIRoute
from protocols.http.routing import Entry
from protocols.http.server.factory import HTTPFactory
from protocols.http.server.negotiation import ALPN
from protocols.http.signed_cookies import SignedCookies
from protocols.http.source import Source
from protocols.http.upgrade import Upgrade
from protocols.http.upload import Upload

__all__ = [
    "ALPN",
    "ASGIRoute",
    "Answer",
    "BodyStream",
    "CgiRoute",
    "ChannelRoute",
    "ClientGoneError",
    "Entry",
    "Event",
    "EventsRoute",
    "Fields",
    "FilesRoute",
    "Form",
    "FormLimits",
    "HTTPError",
    "HTTPFactory",
    "Headers",
    "Limits",
    "LocalRedirect",
    "OriginURL",
    "ProxyLimits",
    "ProxyRoute",
    "PublishedAnswers",
    "Query",
    "RedirectRoute",
    "Request",
    "RequestHead",
    "RespondRoute",
    "Response",
    "Route",
    "SignedCookies",
    "Source",
    "StreamingRequest",
    "Upgrade",
    "Upload",
    "WSGIRoute",
    "WebSocketRoute",
    "function_route",
]
