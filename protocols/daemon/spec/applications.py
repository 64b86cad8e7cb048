"""``wsgi``, ``asgi`` and ``resource``: applications that speak an interface of their own."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictBool, StrictInt

from protocols.daemon.spec.choice import Known
from protocols.daemon.spec.handler import Reference
from protocols.daemon.spec.model import Spec
from protocols.daemon.spec.values import Duration, PositiveDuration


class WsgiSpec(Spec):
    """Answers with a WSGI application (PEP 3333), such as one of Flask or Django."""

    short = "app"

    app: Reference
    """The application, as `module:name`. Modules are looked for in the folder of the YAML file too."""
    factory: StrictBool = False
    """Whether `app` is called once, without arguments, to make the application."""
    threads: Annotated[StrictInt, Field(ge=1)] = 8
    """Requests it answers at a time, each in a thread."""
    queue: Annotated[StrictInt, Field(ge=1)] = 64
    """Requests that may wait for a thread; further ones get 503."""
    timeout: PositiveDuration = Duration.parse("30s")
    """How long it may take until its response begins (504), from the last piece of the content on."""


class AsgiSpec(Spec):
    """Answers with an ASGI application, such as one of Starlette, FastAPI or Django, WebSockets included."""

    short = "app"

    app: Reference
    """The application, as `module:name`. Modules are looked for in the folder of the YAML file too."""
    factory: StrictBool = False
    """Whether `app` is called once, without arguments, to make the application."""
    lifespan: Annotated[Literal["auto", "on", "off"], Known()] = "auto"
    """Whether it is told that the service starts and stops: `auto`: if it listens to that; `on`: it must;
    `off`: it is not. One that does not start keeps the daemon from starting."""
    timeout: PositiveDuration = Duration.parse("30s")
    """How long it may take until its response begins (504), from the last piece of the content on; and how
    long it may go on after its client has gone."""


class ResourceSpec(Spec):
    """Answers with a resource of twisted.web, such as one of Klein."""

    short = "root"

    root: Reference
    """The resource, as `module:name`, or what makes it when it is called without arguments."""
    timeout: PositiveDuration = Duration.parse("30s")
    """How long it may take until its response begins (504)."""
