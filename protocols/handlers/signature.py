"""What a user's function takes, read from its signature once, when it is loaded."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, get_args, get_origin

from protocols.handlers.conversation import Conversation
from protocols.session import Peer

FORMS = "it takes (message), (message, peer: Peer) or, as an async def, (connection: Conversation)"


Kind = Literal["function", "coroutine", "generator", "async generator"]


@dataclass(frozen=True, slots=True)
class Signature:
    """The shape of a function that answers messages."""

    kind: Kind | Literal["conversation"]
    message: object
    """The annotation of the message; ``bytes`` where there is none."""
    wants_peer: bool

    @property
    def is_async(self) -> bool:
        """Whether it runs in the reactor, and nowhere else."""
        return self.kind in ("coroutine", "async generator", "conversation")


def signature_of(function: Callable[..., Any]) -> Signature:
    """Read the signature of `function`.

    Raises :class:`TypeError`, with what is wrong in words, if it is not one of the known forms.
    """
    name = name_of(function)
    parameters = _parameters(function, name)
    if not 1 <= len(parameters) <= 2:
        raise TypeError(f"{name} takes {len(parameters)} arguments; {FORMS}")
    message = parameters[0].annotation
    kind = kind_of(function)
    if get_origin(message) is Conversation or message is Conversation:
        if kind != "coroutine":
            raise TypeError(f"{name} holds a conversation, so it must be an async def that awaits")
        if len(parameters) == 2:
            raise TypeError(f"{name} holds a conversation: the peer is connection.peer")
        return Signature("conversation", (*get_args(message), bytes)[0], wants_peer=False)
    if len(parameters) == 2 and not is_peer(parameters[1]):
        raise TypeError(f"the second argument of {name} must be annotated Peer; {FORMS}")
    if message is inspect.Parameter.empty:
        message = bytes
    return Signature(kind, message, wants_peer=len(parameters) == 2)


def name_of(function: object) -> str:
    """How messages to people call `function`: ``module.name``."""
    name = getattr(function, "__qualname__", None) or type(function).__qualname__
    module = getattr(function, "__module__", None)
    return f"{module}.{name}" if module else str(name)


def read_signature(function: Callable[..., Any]) -> inspect.Signature:
    """The signature of `function`, its annotations resolved.

    Raises :class:`TypeError`, with what is wrong in words.
    """
    name = name_of(function)
    if not callable(function):
        raise TypeError(f"a function is expected, not a {type(function).__name__}")
    try:
        return inspect.signature(function, eval_str=True)
    except ValueError as error:
        raise TypeError(f"{name} does not tell what it takes; wrap it in a def") from error
    except (NameError, AttributeError, SyntaxError) as error:
        raise TypeError(f"an annotation of {name} is not defined: {error}") from error


def _parameters(function: Callable[..., Any], name: str) -> list[inspect.Parameter]:
    """The parameters a caller has to fill."""
    needed = []
    for parameter in read_signature(function).parameters.values():
        optional = parameter.default is not parameter.empty and not is_peer(parameter)
        if optional or parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        if parameter.kind is parameter.KEYWORD_ONLY:
            raise TypeError(f"{name} needs the keyword argument {parameter.name}; {FORMS}")
        needed.append(parameter)
    return needed


def is_peer(parameter: inspect.Parameter) -> bool:
    """Whether `parameter` is to be the peer."""
    unnamed = parameter.annotation is parameter.empty and parameter.name == "peer"
    return unnamed or parameter.annotation is Peer


def kind_of(function: Callable[..., Any]) -> Kind:
    """What calling `function` gives."""
    while isinstance(function, partial):
        function = function.func
    code = function if inspect.isroutine(function) else getattr(function, "__call__", function)  # noqa: B004
    code = inspect.unwrap(code)
    if inspect.iscoroutinefunction(code):
        return "coroutine"
    if inspect.isasyncgenfunction(code):
        return "async generator"
    if inspect.isgeneratorfunction(code):
        return "generator"
    return "function"
