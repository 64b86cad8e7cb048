from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial, wraps
from typing import Any

import pytest
from asgiref.compatibility import guarantee_single_callable
from asgiref.wsgi import WsgiToAsgi
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from fastapi import FastAPI
from flask import Flask
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint

from protocols.http.routes.app_interface import check_asgi, check_wsgi, takes_nothing

# -- what people write -------------------------------------------------------------------------------


def wsgi(environ: Any, start_response: Any) -> Any: ...


def wsgi_that_yields(environ: Any, start_response: Any) -> Iterator[bytes]:
    yield b""


def wsgi_that_takes_more(environ: Any, start_response: Any, extra: Any = None) -> Any: ...


class WsgiInstance:
    def __call__(self, environ: Any, start_response: Any) -> Any: ...


class WsgiClass:
    def __init__(self, environ: Any, start_response: Any) -> None: ...

    def __iter__(self) -> Iterator[bytes]:
        return iter(())


async def asgi(scope: Any, receive: Any, send: Any) -> None: ...


def asgi_that_is_plain(scope: Any, receive: Any, send: Any) -> Any:
    return asgi(scope, receive, send)


class AsgiInstance:
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None: ...

    async def method(self, scope: Any, receive: Any, send: Any) -> None: ...


class AsgiClass:
    def __init__(self, scope: Any, receive: Any, send: Any) -> None: ...

    def __await__(self) -> Iterator[Any]:
        yield


class AsgiTwoClass:
    def __init__(self, scope: Any) -> None: ...

    async def __call__(self, receive: Any, send: Any) -> None: ...


def asgi_two(scope: Any) -> Callable[..., Any]:
    async def instance(receive: Any, send: Any) -> None: ...

    return instance


def anything(*args: Any) -> Any: ...


@wraps(asgi)
def made_wsgi(environ: Any, start_response: Any) -> Any: ...


@wraps(wsgi)
async def made_asgi(scope: Any, receive: Any, send: Any) -> None: ...


async def asgi_that_yields(scope: Any, receive: Any, send: Any) -> AsyncIterator[bytes]:
    yield b""


def create_app() -> Any: ...


class Odd:
    """A callable of which nothing is known."""

    __signature__ = "none"

    def __call__(self, *arguments: Any) -> Any: ...


WSGI = {
    "function": wsgi,
    "generator": wsgi_that_yields,
    "instance": WsgiInstance(),
    "class": WsgiClass,
    "method": WsgiInstance().__call__,
    "partial": partial(lambda x, environ, start_response: None, 1),
    "wrapper": made_wsgi,
    "flask": Flask("a"),
    "flask's": Flask("a").wsgi_app,
    "django": WSGIHandler.__new__(WSGIHandler),
}
ASGI = {
    "function": asgi,
    "instance": AsgiInstance(),
    "method": AsgiInstance().method,
    "class": AsgiClass,
    "partial": partial(asgi),
    "wrapper": made_asgi,
    "wsgi's": WsgiToAsgi(wsgi),
    "two's": guarantee_single_callable(asgi_two),
    "django": ASGIHandler.__new__(ASGIHandler),
    "starlette": Starlette(),
    "starlette's": HTTPEndpoint,
    "fastapi": FastAPI(),
}
EITHER = {
    "anything": anything,
    "more": wsgi_that_takes_more,
    "builtin": getattr,
    "odd": Odd(),
}
PLAIN = {"plain": asgi_that_is_plain}


@pytest.mark.parametrize("name", WSGI)
def test_wsgi(name: str) -> None:
    check_wsgi(WSGI[name], "shop:app")
    with pytest.raises(TypeError, match=r"^shop:app is no ASGI application: it takes two arguments, as "):
        check_asgi(WSGI[name], "shop:app")


@pytest.mark.parametrize("name", {**ASGI, **PLAIN})
def test_asgi(name: str) -> None:
    application = {**ASGI, **PLAIN}[name]
    check_asgi(application, "shop:app")
    with pytest.raises(TypeError, match=r"^shop:app is no WSGI application: it takes three arguments, as "):
        check_wsgi(application, "shop:app")


@pytest.mark.parametrize("name", EITHER)
def test_what_is_not_certain_is_not_said(name: str) -> None:
    check_wsgi(EITHER[name], "shop:app")
    check_asgi(EITHER[name], "shop:app")
    assert not takes_nothing(EITHER[name])


@pytest.mark.parametrize("application", [asgi_two, AsgiTwoClass])
def test_asgi_2(application: Any) -> None:
    with pytest.raises(TypeError, match="as applications of ASGI 2 do"):
        check_asgi(application, "shop:app")
    with pytest.raises(TypeError, match="does not take environ and start_response"):
        check_wsgi(application, "shop:app")


class AsyncOfTwo:
    async def __call__(self, *arguments: Any) -> None: ...


async def of_two(environ: Any, start_response: Any) -> None: ...


@pytest.mark.parametrize("application", [of_two, AsyncOfTwo(), partial(of_two), AsyncOfTwo().__call__])
def test_no_application_of_wsgi_is_async(application: Any) -> None:
    with pytest.raises(TypeError, match=r"^shop:app is no WSGI application: it is async"):
        check_wsgi(application, "shop:app")


def test_no_application_of_asgi_yields() -> None:
    with pytest.raises(TypeError, match="it yields"):
        check_asgi(asgi_that_yields, "shop:app")


def test_a_class_in_the_place_of_its_instance() -> None:
    with pytest.raises(TypeError, match="cannot be iterated"):
        check_wsgi(Flask, "flask:Flask")
    with pytest.raises(TypeError, match="cannot be awaited"):
        check_asgi(Starlette, "starlette:Starlette")


@pytest.mark.parametrize("application", [42, create_app, WsgiInstance])
def test_what_is_neither(application: Any) -> None:
    for check, kind in ((check_wsgi, "WSGI"), (check_asgi, "ASGI")):
        with pytest.raises(TypeError, match=f"^shop:app is no {kind} application: it (cannot|does not) "):
            check(application, "shop:app")


def test_what_makes_an_application() -> None:
    assert takes_nothing(create_app)
    assert takes_nothing(WsgiInstance)
    for application in (*WSGI.values(), *ASGI.values(), 42):
        assert not takes_nothing(application)
