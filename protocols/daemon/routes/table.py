"""The kinds of route there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from protocols.daemon.routes.applications import asgi, resource, wsgi
from protocols.daemon.routes.channels import channel
from protocols.daemon.routes.context import RouteContext
from protocols.daemon.routes.dashboard import dashboard
from protocols.daemon.routes.docs import docs
from protocols.daemon.routes.files import files
from protocols.daemon.routes.fixed import builtin, redirect, respond
from protocols.daemon.routes.functions import events, function
from protocols.daemon.routes.metrics import metrics
from protocols.daemon.routes.programs import cgi
from protocols.daemon.routes.proxy import proxy
from protocols.daemon.routes.websocket import websocket
from protocols.http import Route

ROUTES: Final[Mapping[str, Callable[[Any, RouteContext], Route]]] = {
    "files": files,
    "function": function,
    "events": events,
    "websocket": websocket,
    "channel": channel,
    "cgi": cgi,
    "wsgi": wsgi,
    "asgi": asgi,
    "resource": resource,
    "proxy": proxy,
    "redirect": redirect,
    "respond": respond,
    "docs": docs,
    "metrics": metrics,
    "dashboard": dashboard,
    "builtin": builtin,
}
"""What makes each, from its settings.  What does not fit raises :class:`TypeError`, :class:`ValueError` or
:class:`OSError`, with words."""
