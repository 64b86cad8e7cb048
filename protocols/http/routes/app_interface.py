"""Whether an application can be what it is said to be: WSGI and ASGI are both callables, and easily mistaken.

Only what is certain is said: what a signature leaves open shows when the application is called.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any


def check_wsgi(application: object, name: str) -> None:
    """Raises :class:`TypeError`, in words, if `application` cannot be called as ``application(environ,
    start_response)``, or gives nothing then that could be iterated (PEP 3333)."""
    if not callable(application):
        raise TypeError(f"{name} is no WSGI application: it cannot be called")
    if _takes(application, 2) is False:
        if _takes(application, 3):
            raise TypeError(f"{name} is no WSGI application: it takes three arguments, as those of ASGI do")
        raise TypeError(f"{name} is no WSGI application: it does not take environ and start_response")
    if isinstance(application, type):
        if not (hasattr(application, "__iter__") or hasattr(application, "__getitem__")):
            raise TypeError(f"{name} is a class whose instances are no bodies: they cannot be iterated")
    elif _is(application, inspect.iscoroutinefunction, inspect.isasyncgenfunction):
        raise TypeError(f"{name} is no WSGI application: it is async, as those of ASGI are")


def check_asgi(application: object, name: str) -> None:
    """Raises :class:`TypeError`, in words, if `application` cannot be called as ``application(scope, receive,
    send)``, or gives nothing then that could be awaited (ASGI 3)."""
    if not callable(application):
        raise TypeError(f"{name} is no ASGI application: it cannot be called")
    if _takes(application, 3) is False:
        if _takes(application, 2):
            raise TypeError(f"{name} is no ASGI application: it takes two arguments, as those of WSGI do")
        if _takes(application, 1):
            raise TypeError(
                f"{name} takes the scope alone, as applications of ASGI 2 do; "
                "asgiref.compatibility.guarantee_single_callable makes one of ASGI 3 of it"
            )
        raise TypeError(f"{name} is no ASGI application: it does not take scope, receive and send")
    if isinstance(application, type):
        if not hasattr(application, "__await__"):
            raise TypeError(f"{name} is a class whose instances cannot be awaited; ASGI wants one of them")
    elif _is(application, inspect.isgeneratorfunction, inspect.isasyncgenfunction):
        raise TypeError(f"{name} is no ASGI application: it yields, and nobody could await that")


def takes_nothing(made: object) -> bool:
    """Whether `made` is called without arguments and cannot be called with any, as what makes an application
    is and no application."""
    return _takes(made, 0) is True and not any(_takes(made, count) is not False for count in (1, 2, 3))


def _takes(application: Any, count: int) -> bool | None:
    """Whether it can be called with `count` arguments by position; ``None`` if nobody can tell."""
    try:
        # What is wrapped may be of the other interface: that is what such wrappers are for.
        signature = inspect.signature(application, follow_wrapped=False)
    except (TypeError, ValueError):
        return None
    try:
        signature.bind(*range(count))
    except TypeError:
        return False
    return True


def _is(application: Any, *kinds: Callable[[Any], bool]) -> bool:
    """Whether calling it calls a function of one of these kinds."""
    while isinstance(application, partial):
        application = application.func
    called = application if inspect.isroutine(application) else type(application).__call__
    return any(kind(called) for kind in kinds)
