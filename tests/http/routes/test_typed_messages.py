"""Typed functions whose parameter is one message, over HTTP."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import BaseModel
from typing_extensions import TypedDict

PROBLEM = "application/problem+json"


class Order(BaseModel):
    item: str
    count: int = 1


class Nested(BaseModel):
    order: Order


def item(id: int, q: str = "", tags: list[str] = ()) -> dict[str, object]:
    return {"id": id, "q": q, "tags": list(tags)}


def faults(answer: Any) -> set[tuple[str, str]]:
    assert answer.headers["Content-Type"] == PROBLEM
    return {(fault["pointer"], fault["kind"]) for fault in json.loads(answer.body)["errors"]}


class Filter(TypedDict, total=False):
    tags: list[str]
    item: str


@dataclass
class Point:
    x: int
    y: int = 0


def price(order: Order) -> int:
    return order.count * 3


@pytest.mark.parametrize("run", ["loop", "threads"])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_model_is_read_from_the_query(serve, clock, method: str, run: str) -> None:
    client = serve(price, run=run)
    client.send(f"{method} /f?item=a&count=2&other=1 HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    if run == "threads":
        clock.wait_for_thread()
        client.turn()
    (answer,) = client.answers()
    assert (answer.status, answer.body) == (200, b"6")


@pytest.mark.parametrize("run", ["loop", "threads"])
def test_faults_of_a_model_from_the_query(serve, clock, run: str) -> None:
    client = serve(price, run=run)
    client.send(b"GET /f?count=two HTTP/1.1\r\nHost: a\r\n\r\n")
    if run == "threads":
        clock.wait_for_thread()
        client.turn()
    (answer,) = client.answers()
    assert faults(answer) == {("/query/item", "missing"), ("/query/count", "int_parsing")}


def test_a_dataclass_and_a_typed_dict(serve) -> None:
    def total(point: Point) -> int:
        return point.x + point.y

    def seen(wanted: Filter) -> dict[str, object]:
        return dict(wanted)

    assert serve(total).ask("GET", "/f?x=1&y=2").body == b"3"
    answer = serve(seen).ask("GET", "/f?tags=a&item=b")
    assert json.loads(answer.body) == {"tags": ["a"], "item": "b"}


def test_path_parameters_are_fields_of_the_message(serve) -> None:
    def put(order: Order) -> dict[str, object]:
        return order.model_dump()

    client = serve(put, "/orders/{item}")
    assert json.loads(client.ask("GET", "/orders/tea?count=2&item=x").body) == {"item": "tea", "count": 2}
    answer = client.ask("PUT", "/orders/tea", b'{"count": 2, "item": "coffee"}')
    assert json.loads(answer.body) == {"item": "tea", "count": 2}
    assert faults(client.ask("PUT", "/orders/tea", b'{"count": "x"}')) == {("/body/count", "int_parsing")}
    assert client.ask("PUT", "/orders/tea", b"{").status == 400
    assert client.ask("PUT", "/orders/tea", b"[]").status == 422
    assert client.ask("PUT", "/orders/tea", b"{}", Content_Type="image/png").status == 415


def test_a_fault_of_the_path_in_a_message(serve) -> None:
    def put(point: Point) -> None: ...

    client = serve(put, "/points/{x}")
    assert faults(client.ask("PUT", "/points/a", b'{"y": "b"}')) == {
        ("/path/x", "int_parsing"),
        ("/body/y", "int_parsing"),
    }
    assert faults(client.ask("GET", "/points/a")) == {("/path/x", "int_parsing")}


def test_a_plain_message_has_the_name_of_its_parameter(serve) -> None:
    def double(number: int) -> int:
        return number * 2

    def shout(message: str) -> str:
        return message.upper()

    def total(numbers: list[int]) -> int:
        return sum(numbers)

    assert serve(double).ask("GET", "/f?number=4").body == b"8"
    assert serve(double).ask("POST", "/f?number=4", b"5").body == b"10"
    assert serve(shout).ask("GET", "/f?message=hi").body == b"HI"
    assert serve(total).ask("GET", "/f?numbers=1&numbers=2").body == b"3"
    assert faults(serve(double).ask("GET", "/f?number=x")) == {("/query/number", "int_parsing")}
    assert faults(serve(double).ask("GET", "/f")) == {("/query/number", "missing")}
    assert faults(serve(shout).ask("GET", "/f?message=a&message=b")) == {("/query/message", "repeated")}
    assert faults(serve(total).ask("GET", "/f?numbers=1&numbers=b")) == {("/query/numbers/1", "int_parsing")}


def test_what_no_query_can_say_is_posted_only(serve) -> None:
    def nested(message: Nested) -> None: ...
    def orders(message: list[Order]) -> None: ...
    def anything(message: dict[str, Any]) -> None: ...

    for function in (nested, orders, anything):
        assert serve(function).ask("GET", "/f").headers["Allow"] == "POST, PUT, PATCH, OPTIONS"
    answer = serve(price, codec="msgpack").ask("GET", "/f?item=a")
    assert answer.headers["Allow"] == "POST, PUT, PATCH, OPTIONS"


def test_a_message_with_settings_beside_it(serve) -> None:
    def search(q: str, limit: int = 10) -> list[object]:
        return [q, limit]

    client = serve(search)
    assert json.loads(client.ask("POST", "/f", b"text").body) == ["text", 10]
    assert json.loads(client.ask("POST", "/f?limit=2", b"text").body) == ["text", 2]
    assert json.loads(client.ask("GET", "/f?q=a&limit=3").body) == ["a", 3]

    def orders(order: Order, limit: int = 10) -> list[object]:
        return [order.item, order.count, limit]

    client = serve(orders)
    assert json.loads(client.ask("GET", "/f?item=a&count=2&limit=3").body) == ["a", 2, 3]
    assert json.loads(client.ask("POST", "/f?limit=3", b'{"item": "b"}').body) == ["b", 1, 3]
    assert faults(client.ask("GET", "/f?count=x&limit=y")) == {
        ("/query/item", "missing"),
        ("/query/count", "int_parsing"),
        ("/query/limit", "int_parsing"),
    }
