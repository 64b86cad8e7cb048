"""A route that calls a function with a message: the content of a POST, or what a GET says."""

from __future__ import annotations

from functools import partial
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from protocols.codec import DecodeError, Fault
from protocols.codec.json_codec import encode_json
from protocols.handlers import FunctionHandler
from protocols.handlers.task import Task
from protocols.http.request import Request
from protocols.http.response import Response
from protocols.http.routes.faults import filled, placed
from protocols.http.routes.json_content import check_json
from protocols.http.routes.query_values import values_of
from protocols.http.routes.results import Results
from protocols.http.routes.route_signature import WRITING, Parameter, RouteSignature, route_signature
from protocols.http.routes.texts import in_lists, in_path_or
from protocols.journal import Journal


class MessageFunctionRoute:
    """Answers a POST by calling a function with its body, as it would a message of any other carrier; PUT and
    PATCH are the same.

    A GET, HEAD or DELETE says the message in its query, where text can say it: a model by its fields, any
    other value by the name of the parameter.  What the path has in braces are fields too, whatever the query
    or the body says of them.

    Raises :class:`TypeError` for a function that wants a whole conversation: HTTP has none.
    """

    subtree = False
    streams = False

    def __init__(
        self, handler: FunctionHandler, journal: Journal, signature: RouteSignature | None = None
    ) -> None:
        if handler.signature.kind == "conversation":
            raise TypeError(f"{handler.name} holds a conversation, which needs a stream; HTTP asks once")
        self.signature = signature or route_signature(handler.function)
        message = self.signature.message
        assert message is not None
        self._message: Parameter = message
        self._handler = handler
        self._is_json = handler.codec.name == "json"
        if self.signature.path and not self._is_json:
            raise TypeError(f"{handler.name} takes a message that is no JSON, so the path has no part in it")
        self._plain = not self.signature.path
        by_text = self._is_json or (handler.codec.name == "text" and message.shape.kind == "value")
        self.methods = self.signature.methods if message.shape.readable and by_text else WRITING
        self._results = Results(
            handler.codec,
            journal,
            handler,
            result=self.signature.result,
            yields=handler.signature.kind == "generator",
        )
        # Results that threads encode come back with their kind; the route owns its handler.
        handler.codec = self._results.codec
        self._response = self._results.response

    def respond(self, request: Request, rest: str) -> Response | Deferred[Response]:
        peer = request.peer
        if self._plain and request.method in WRITING:
            if self._is_json:
                check_json(request)
            outcome = self._handler.bind(peer)(request.body)
        else:
            outcome = self._placed(request)
        if isinstance(outcome, Deferred | Task):
            return self._handler.limited(outcome).addCallback(self._response, peer)
        return self._response(outcome, peer)

    def stop(self) -> None:
        """End the function's threads or processes."""
        self._handler.stop()

    def _placed(self, request: Request) -> Any:
        """Call the function with a message of several places, and say of faults in which they are."""
        place = "body" if request.method in WRITING else "query"
        pointer = partial(self._pointer, place)
        try:
            message = self._from_body(request) if place == "body" else self._from_query(request)
            outcome = self._handler.bind(request.peer)(message)
        except DecodeError as error:
            raise placed(error, pointer) from None
        if isinstance(outcome, Deferred | Task):
            waited = outcome.deferred() if type(outcome) is Task else outcome
            assert isinstance(waited, Deferred)
            return waited.addErrback(_placed_later, pointer)
        return outcome

    def _from_body(self, request: Request) -> bytes:
        check_json(request)
        return filled(request.body, in_lists(request.parameters, self._message.shape.fields))

    def _from_query(self, request: Request) -> bytes:
        shape, name = self._message.shape, self._message.written
        if shape.kind == "fields":
            return encode_json(
                {
                    **values_of(request.query, shape.fields),
                    **in_lists(request.parameters, self._message.shape.fields),
                }
            )
        values = request.query.all(name)
        if not values:
            raise DecodeError.invalid(Fault("", "Field required", "missing"))
        if self._is_json:
            return encode_json(values if shape.many or len(values) > 1 else values[0])
        if len(values) > 1:
            raise DecodeError.invalid(Fault("", "Input should be given once", "repeated"))
        return values[0].encode()

    def _pointer(self, place: str, pointer: str) -> str:
        if self._message.shape.kind != "fields" and place == "query":
            return f"/query/{self._message.written}{pointer}"
        return in_path_or(place, pointer, self.signature.path)


def _placed_later(failure: Failure, pointer: Any) -> Failure:
    if isinstance(failure.value, DecodeError):
        raise placed(failure.value, pointer) from None
    return failure
