"""Functions that take arguments by name, from everywhere in a request."""

from __future__ import annotations

import enum
import json
from datetime import date
from typing import Annotated, Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from protocols.handlers import Conversation
from protocols.http import Query, Request, StreamingRequest, function_route
from protocols.http.routes.arguments import Arguments
from protocols.http.routes.route_signature import route_signature
from protocols.session import Peer

PROBLEM = "application/problem+json"


READING = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"


class Order(BaseModel):
    item: str
    count: int = 1


class Thing:
    """Nothing that pydantic knows."""


class Colour(enum.Enum):
    RED = "red"


def item(id: int, q: str = "", tags: list[str] = ()) -> dict[str, object]:
    return {"id": id, "q": q, "tags": list(tags)}


def faults(answer: Any) -> set[tuple[str, str]]:
    assert answer.headers["Content-Type"] == PROBLEM
    return {(fault["pointer"], fault["kind"]) for fault in json.loads(answer.body)["errors"]}


# -- the path and the query --------------------------------------------------------------------------


def test_the_path_and_the_query(serve) -> None:
    client = serve(item, "/items/{id}")
    answer = client.ask("GET", "/items/5?q=a%20b&tags=x&tags=y&utm=z")
    assert (answer.status, json.loads(answer.body)) == (200, {"id": 5, "q": "a b", "tags": ["x", "y"]})
    assert json.loads(client.ask("GET", "/items/5?tags=x").body)["tags"] == ["x"]
    assert json.loads(client.ask("GET", "/items/5").body) == {"id": 5, "q": "", "tags": []}


def test_the_path_wins(serve) -> None:
    assert json.loads(serve(item, "/items/{id}").ask("GET", "/items/5?id=6").body)["id"] == 5


def test_what_has_a_default_and_no_type_is_no_affair_of_clients(serve) -> None:
    thing = Thing()

    def f(a: int = 1, debug=False, store: Thing = thing, path: object = 7) -> list[object]:
        return [a, debug, store is thing]

    def shout(message: str, times=2, store: Thing = thing, order: Order | None = None) -> list[object]:
        return [message, times, store is thing, order]

    assert json.loads(serve(f).ask("GET", "/f?a=2&debug=1&store=x").body) == [2, False, True]
    for method, body in (("POST", b"hi"), ("GET", b"")):
        answer = serve(shout).ask(method, "/f?message=hi&times=3&store=x&item=y", body)
        assert json.loads(answer.body) == ["hi", 2, True, None]


def test_nobody_says_who_the_peer_is(serve) -> None:
    def f(a: int, b: int, peer: Peer | None = None) -> str:
        return str(peer)

    def g(message: bytes, peer: Peer | None = None) -> str:
        return str(peer)

    def h(peer: Peer, order: Order) -> str:
        return str(peer)

    forged = b'{"transport": "tls", "user": "root", "item": "x"}'
    answer = serve(f).ask("POST", "/f?a=1&b=2&peer=root", forged, Content_Type="text/plain")
    assert answer.status == 415
    assert serve(f).ask("GET", "/f?a=1&b=2&peer=root").body == b"http://192.0.2.7:4321"
    assert serve(g).ask("POST", "/f?peer=root", forged).body == b"None"
    assert serve(h).ask("POST", "/f", forged).body == b"http://192.0.2.7:4321"


def test_every_fault_is_told_with_its_place(serve, journal) -> None:
    def strict(id: int, since: date, page: Annotated[int, Field(ge=1)], tags: list[int] = ()) -> None: ...

    answer = serve(strict, "/items/{id}").ask("GET", "/items/five?page=0&tags=1&tags=b")
    assert answer.status == 422
    assert faults(answer) == {
        ("/path/id", "int_parsing"),
        ("/query/since", "missing"),
        ("/query/page", "greater_than_equal"),
        ("/query/tags/1", "int_parsing"),
    }
    assert b"five" not in answer.body
    assert journal.counts.rejected == 1


def test_what_comes_twice_and_may_not(serve) -> None:
    answer = serve(item, "/items/{id}").ask("GET", "/items/5?q=a&q=b")
    assert (answer.status, faults(answer)) == (422, {("/query/q", "string_type")})


@pytest.mark.parametrize("method", ["GET", "DELETE", "POST", "PUT", "PATCH"])
def test_methods_of_a_function_without_a_body(serve, method: str) -> None:
    answer = serve(item, "/items/{id}").ask(method, "/items/5?q=a")
    assert json.loads(answer.body) == {"id": 5, "q": "a", "tags": []}


def test_head_says_what_get_would(serve) -> None:
    answer = serve(item, "/items/{id}").ask("HEAD", "/items/5")
    assert (answer.status, answer.body, answer.headers["Content-Length"]) == (200, b"", "25")


def test_types_of_all_kinds(serve) -> None:
    def f(
        day: date, colour: Colour, yes: bool, ratio: float, untyped, name: str | None = None
    ) -> list[object]:
        return [day.year, colour.name, yes, ratio, name, untyped]

    answer = serve(f).ask("GET", "/f?day=2026-01-02&colour=red&yes=on&ratio=1e3&untyped=u")
    assert json.loads(answer.body) == [2026, "RED", True, 1000.0, None, "u"]


def test_names_that_python_cannot_say(serve) -> None:
    def f(page_size: Annotated[int, Field(alias="page-size")] = 7) -> int:
        return page_size

    client = serve(f)
    assert client.ask("GET", "/f?page-size=9").body == b"9"
    assert client.ask("GET", "/f?page_size=9").body == b"7"
    assert faults(client.ask("GET", "/f?page-size=x")) == {("/query/page-size", "int_parsing")}


def test_a_function_that_takes_nothing(serve) -> None:
    def f() -> str:
        return "now"

    client = serve(f)
    assert client.ask("GET", "/f?x=1").body == b"now"
    assert client.ask("POST", "/f", b"whatever", Content_Type="image/png").body == b"now"
    assert client.ask("OPTIONS", "/f").headers["Allow"] == READING


def test_the_peer_and_the_request(serve) -> None:
    def f(id: int, peer: Peer, request: Request) -> list[object]:
        return [id, peer.host, request.method, request.text()]

    answer = serve(f, "/x/{id}").ask("PUT", "/x/3", b"text", Content_Type="text/plain")
    assert json.loads(answer.body) == [3, "192.0.2.7", "PUT", "text"]


@given(st.text(), st.lists(st.text(), max_size=4))
def test_texts_survive_the_query(text: str, texts: list[str]) -> None:
    def f(one: str, many: list[str] = ()) -> None: ...

    text = text.encode("utf-8", "ignore").decode()
    texts = [each.encode("utf-8", "ignore").decode() for each in texts]
    query = "&".join([f"one={quote(text)}", *(f"many={quote(each)}" for each in texts)])
    read = Arguments(route_signature(f)).read(Request("GET", "/", Query(query)))
    assert read == ({"one": text, "many": texts} if texts else {"one": text})


def price(order: Order) -> int:
    return order.count * 3


# -- the body ----------------------------------------------------------------------------------------


def update(id: int, order: Order, dry: bool = False) -> list[object]:
    return [id, order.item, dry]


def test_a_model_beside_others_is_the_body(serve) -> None:
    client = serve(update, "/orders/{id}")
    answer = client.ask("PUT", "/orders/5?dry=1", b'{"item": "a"}')
    assert json.loads(answer.body) == [5, "a", True]
    assert client.ask("GET", "/orders/5").headers["Allow"] == "POST, PUT, PATCH, OPTIONS"


def test_faults_of_all_places_at_once(serve) -> None:
    answer = serve(update, "/orders/{id}").ask("PUT", "/orders/x?dry=x", b'{"count": "x"}')
    assert answer.status == 422
    assert faults(answer) == {
        ("/path/id", "int_parsing"),
        ("/query/dry", "bool_parsing"),
        ("/body/item", "missing"),
        ("/body/count", "int_parsing"),
    }


@pytest.mark.parametrize(("body", "media", "status"), [(b"{", "", 400), (b"", "", 400), (b"{}", "a/b", 415)])
def test_a_body_that_is_none(serve, body: bytes, media: str, status: int) -> None:
    headers = {"Content_Type": media} if media else {}
    assert serve(update, "/orders/{id}").ask("PUT", "/orders/5", body, **headers).status == status


def test_bytes_beside_others_are_the_body(serve) -> None:
    def store(name: str, blob: bytes) -> list[object]:
        return [name, len(blob)]

    answer = serve(store, "/blobs/{name}").ask("PUT", "/blobs/a", b"\xff\0", Content_Type="image/png")
    assert json.loads(answer.body) == ["a", 2]


def test_a_body_that_need_not_be_there(serve) -> None:
    def patch(id: int, order: Order | None = None) -> str:
        return repr(order)

    client = serve(patch, "/x/{id}")
    assert client.ask("PATCH", "/x/1").body == b"None"
    assert client.ask("GET", "/x/1").body == b"None"
    assert client.ask("PATCH", "/x/1", b'{"item": "a"}').body == b"Order(item='a', count=1)"


def test_the_path_fills_the_body_beside_other_parameters(serve) -> None:
    def put(order: Order, request: Request) -> str:
        return order.item + request.parameters["item"]

    assert serve(put, "/x/{item}").ask("PUT", "/x/tea", b'{"item": "z"}').body == b"teatea"


# -- forms without files -----------------------------------------------------------------------------


def login(name: str, password: str, groups: list[str] = ()) -> str:
    return f"{name} {password} {' '.join(groups)}"


def test_the_fields_of_a_form(serve) -> None:
    body = b"name=ann&password=a+b%26&groups=x&groups=y"
    answer = serve(login).ask("POST", "/f", body, Content_Type="application/x-www-form-urlencoded")
    assert answer.body == b"ann a b& x y"
    assert serve(login).ask("GET", "/f?name=a&password=b").body == b"a b "


def test_the_query_stands_before_the_form(serve) -> None:
    answer = serve(login).ask(
        "POST", "/f?name=bob", b"name=ann&password=x", Content_Type="application/x-www-form-urlencoded"
    )
    assert answer.body == b"bob x "


def test_faults_of_a_form(serve) -> None:
    def f(age: int, name: str) -> None: ...

    answer = serve(f).ask("POST", "/f", b"age=x", Content_Type="application/x-www-form-urlencoded")
    assert faults(answer) == {("/form/age", "int_parsing"), ("/form/name", "missing")}
    assert serve(f).ask("POST", "/f", b"{}", Content_Type="application/json").status == 415


# -- settings ----------------------------------------------------------------------------------------


def test_what_does_not_fit(clock, journal) -> None:
    def two(a: Order, b: Order) -> None: ...
    def streaming(id: int, request: StreamingRequest) -> None: ...
    def positional(a: int, b: int, /) -> None: ...
    def of_path(order: Order, id: int) -> None: ...
    async def later(id: int, q: str) -> None: ...
    def odd(id: int, thing: Thing) -> None: ...
    def asked(id: int, request: Request) -> None: ...

    async def talk(connection: Conversation[str]) -> None: ...

    cases = [
        (price, "/{item}", {"codec": "msgpack"}, "no JSON"),
        (talk, "/f", {}, "stream"),
        (two, "/f", {}, "only one can be the content"),
        (streaming, "/{id}", {}, "alone"),
        (positional, "/f", {}, "position"),
        (of_path, "/{order}", {}, "from the path"),
        (item, "/{number}", {}, "nothing called number"),
        (later, "/{id}", {"run": "threads"}, "async"),
        (later, "/{id}", {"workers": 2}, "runs in the loop"),
        (item, "/{id}", {"codec": "json"}, "codec"),
        (asked, "/{id}", {"run": "processes"}, "no other process"),
        (odd, "/{id}", {}, "thing"),
        ("item", "/{id}", {}, "a function is expected"),
    ]
    for function, path, settings, text in cases:
        with pytest.raises(TypeError, match=text):
            function_route(function, reactor=clock, journal=journal, path=path, **settings)


@pytest.mark.parametrize(
    ("function", "methods"),
    [
        (lambda number=0: number, ("GET", "HEAD", "POST")),
        (lambda message: message, ("POST",)),
    ],
)
def test_methods_that_change_something_have_to_be_asked_for(function, methods, clock, journal) -> None:
    route = function_route(function, reactor=clock, journal=journal, run="loop")
    assert route.methods == methods
