from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Iterator

import pytest
from pydantic import BaseModel

from protocols.handlers import Conversation
from protocols.handlers.signature import Signature, name_of, signature_of
from protocols.session import Peer


class Order(BaseModel):
    amount: int


def plain(message): ...
def octets(message: bytes) -> bytes: ...
def typed(order: Order) -> int: ...
def asked(message: str, peer: Peer) -> str: ...
def named(message, peer): ...
def optional(message: str, times: int = 2) -> str: ...
def defaulted(message: bytes, peer: Peer | None = None) -> bytes: ...
def items(message: bytes) -> Iterator[bytes]:
    yield message


async def waits(order: Order) -> int: ...
async def waits_items(message: bytes) -> AsyncIterator[bytes]:
    yield message


async def talk(connection: Conversation) -> None: ...
async def talk_typed(connection: Conversation[Order]) -> None: ...


class Shop:
    def price(self, order: Order) -> int: ...

    async def later(self, order: Order, peer: Peer) -> int: ...

    def __call__(self, order: Order) -> int: ...


class AsyncShop:
    async def __call__(self, order: Order) -> int: ...


def logged(function):
    @functools.wraps(function)
    def wrapper(*arguments):
        return function(*arguments)

    return wrapper


async def configured(currency: str, order: Order) -> int: ...


@pytest.mark.parametrize(
    ("function", "signature"),
    [
        (plain, Signature("function", bytes, False)),
        (octets, Signature("function", bytes, False)),
        (typed, Signature("function", Order, False)),
        (asked, Signature("function", str, True)),
        (named, Signature("function", bytes, True)),
        (optional, Signature("function", str, False)),
        (defaulted, Signature("function", bytes, False)),
        (items, Signature("generator", bytes, False)),
        (waits, Signature("coroutine", Order, False)),
        (waits_items, Signature("async generator", bytes, False)),
        (talk, Signature("conversation", bytes, False)),
        (talk_typed, Signature("conversation", Order, False)),
        (Shop().price, Signature("function", Order, False)),
        (Shop().later, Signature("coroutine", Order, True)),
        (Shop(), Signature("function", Order, False)),
        (AsyncShop(), Signature("coroutine", Order, False)),
        (functools.partial(configured, "EUR"), Signature("coroutine", Order, False)),
        (functools.partial(Shop().later), Signature("coroutine", Order, True)),
        (logged(waits), Signature("coroutine", Order, False)),
        (lambda message: message, Signature("function", bytes, False)),
    ],
)
def test_forms(function, signature):
    assert signature_of(function) == signature


def none() -> None: ...
def three(first, second, third): ...
def keyword(message, *, times): ...
def stranger(message: bytes, other: int) -> bytes: ...
def undefined(message: Unheard) -> bytes: ...  # noqa: F821
def attribute(message: functools.nothing) -> bytes: ...
def idle_talk(connection: Conversation) -> None: ...
async def crowded_talk(connection: Conversation, peer: Peer) -> None: ...


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (none, r"none takes 0 arguments; it takes \(message\), \(message, peer: Peer\) or, as an async def"),
        (three, "three takes 3 arguments; it takes"),
        (keyword, "keyword needs the keyword argument times; it takes"),
        (stranger, "the second argument of .*stranger must be annotated Peer; it takes"),
        (undefined, "an annotation of .*undefined is not defined: name 'Unheard'"),
        (attribute, "an annotation of .*attribute is not defined: .*nothing"),
        (idle_talk, "idle_talk holds a conversation, so it must be an async def that awaits"),
        (crowded_talk, "crowded_talk holds a conversation: the peer is connection.peer"),
        (7, "a function is expected, not a int"),
        (max, "does not tell what it takes; wrap it in a def"),
    ],
)
def test_mistakes_are_said_in_words(function, says):
    with pytest.raises(TypeError, match=says):
        signature_of(function)


def test_names():
    assert name_of(Shop.price) == f"{__name__}.Shop.price"
    assert name_of(Shop()) == f"{__name__}.Shop"
