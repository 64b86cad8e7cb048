"""What is read from a signature, for whoever describes the routes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator

import pytest
from pydantic import BaseModel, RootModel

from protocols.http import Request, Upload
from protocols.http.routes.route_signature import route_signature
from protocols.http.routes.shape import shape_of
from protocols.session import Peer


class Order(BaseModel):
    item: str
    tags: list[str] = []
    parent: Order | None = None


class Many(RootModel[list[int]]):
    pass


def test_everything_is_there_to_see() -> None:
    def update(id: int, order: Order, peer: Peer, request: Request, tags: list[str] = ()) -> list[Order]: ...

    signature = route_signature(update, ["id"])
    assert [(p.name, p.places, p.annotation, p.required, p.shape.many) for p in signature.parameters] == [
        ("id", ("path",), int, True, False),
        ("order", ("body",), Order, True, False),
        ("peer", ("peer",), Peer, True, False),
        ("request", ("request",), Request, True, False),
        ("tags", ("query",), list[str], False, True),
    ]
    assert signature.result == list[Order]
    assert signature.methods == ("POST", "PUT", "PATCH")
    assert signature.body is signature.parameters[1]
    assert (signature.message, signature.filled, signature.takes_request) == (None, (), True)
    assert signature.name.endswith("update")


def test_a_message() -> None:
    def price(order: Order) -> float: ...

    signature = route_signature(price, ["item"])
    assert signature.message is signature.parameters[0]
    assert signature.parameters[0].places == ("query", "body")
    assert signature.parameters[0].shape.fields == {"item": False, "tags": True, "parent": False}
    assert (signature.filled, signature.is_message, signature.result) == (("item",), True, float)


def test_a_form() -> None:
    def photo(title: str, picture: Upload, others: list[Upload] | None = None) -> None: ...

    signature = route_signature(photo)
    assert [p.places for p in signature.parameters] == [("query", "form"), ("upload",), ("upload",)]
    assert [p.shape.many for p in signature.parameters] == [False, False, True]
    assert (signature.takes_uploads, signature.takes_fields) == (True, True)
    assert signature.methods == ("POST", "PUT", "PATCH")


def test_results_of_generators_are_their_items() -> None:
    def plain(a: int = 0) -> Iterator[str]:
        yield ""

    async def later(a: int = 0) -> AsyncIterator[Order]:
        yield Order(item="a")

    def silent(a: int = 0):
        yield

    assert [route_signature(f).result for f in (plain, later, silent)] == [str, Order, object]


def test_an_upload_beside_a_body() -> None:
    def both(order: Order, file: Upload) -> None: ...

    with pytest.raises(TypeError, match="cannot be the content"):
        route_signature(both)


@pytest.mark.parametrize(
    ("annotation", "kind", "readable"),
    [
        (int, "value", True),
        (int | None, "value", True),
        (list[int] | int, "values", True),
        (tuple[int, str], "values", True),
        (Many, "values", True),
        (bytes, "octets", False),
        (Order, "fields", True),
        (Order | None, "fields", True),
        (dict[str, int], "document", False),
        (list[Order], "document", False),
        (Order | int, "document", False),
        (object, "document", False),
        (Callable[[], int], "document", False),
    ],
)
def test_shapes(annotation: object, kind: str, readable: bool) -> None:
    shape = shape_of(annotation)
    assert (shape.kind, shape.readable) == (kind, readable)
