"""The arguments of a function, from everywhere in a request."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from protocols.codec import DecodeError, Fault, codec_for
from protocols.http.form import Form
from protocols.http.form_limits import FormLimits
from protocols.http.form_reader import is_form
from protocols.http.request import Request
from protocols.http.routes.faults import filled, missing, placed
from protocols.http.routes.json_content import check_json
from protocols.http.routes.query_values import values_of
from protocols.http.routes.route_signature import WRITING, Parameter, RouteSignature
from protocols.http.routes.texts import Spread, Texts, in_lists, in_path_or

Header = Callable[[Request, str], str | None]
"""The text of a header field; ``None`` if there is none."""


class Arguments:
    """Reads the arguments of a function with `signature`; what is read how is decided here, once.

    :param limits: of forms.
    :param header: how header fields are read, where there are any.
    """

    def __init__(
        self,
        signature: RouteSignature,
        limits: FormLimits | None = None,
        header: Header | None = None,
    ) -> None:
        parameters = signature.parameters
        self._limits = limits
        self._header = header
        self._takes_fields = any("form" in p.places for p in parameters)
        self._takes_request = signature.takes_request
        self._in_path = [p for p in parameters if p.places == ("path",)]
        self._in_header = [p for p in parameters if p.places == ("header",)]
        self._uploads = [p for p in parameters if p.places == ("upload",)]
        self._given = [p for p in parameters if p.places[0] in ("peer", "request")]
        self._body = body = signature.body
        self._codec = None if body is None else codec_for(body.annotation)
        self._filled = signature.filled
        texts = [p for p in parameters if p.places[0] in ("path", "header", "query")]
        plain = [p for p in texts if p.shape.kind != "fields"]
        model = signature.model
        self._spread = Spread(model, [p.written for p in plain]) if model in texts and model else None
        self._reading = Texts(plain)
        self._writing = Texts(p for p in plain if p is not body)

    def read(self, request: Request, form: Form | None = None) -> dict[str, Any]:
        """The arguments by name; those that are not there and need not be are left out.

        Raises :class:`DecodeError` with every fault, :class:`HTTPError` for content of another type.
        """
        is_writing = request.method in WRITING
        if form is None and is_writing and self._takes_fields and request.body:
            form = self._form(request)
        faults: list[Fault] = []
        texts = self._writing if is_writing else self._reading
        values, places = self._values(request, form, texts.many)
        place = "query" if form is None else "form"
        arguments = dict(texts.validated(values, places, place, faults))
        for parameter in self._given:
            arguments[parameter.name] = request if parameter.places[0] == "request" else request.peer
        if is_writing:
            self._read_body(request, arguments, faults)
        elif self._spread is not None:
            self._spread.read(request.query, self._of_path(request), arguments, faults)
        if self._uploads:
            assert form is not None  # the route has read it
            _take_uploads(self._uploads, form, arguments, faults)
        if faults:
            raise DecodeError.invalid(*faults)
        return arguments

    def _form(self, request: Request) -> Form | None:
        if self._takes_request and not is_form(request.headers.get("content-type")):
            return None  # the function may read it in its own way
        with request.form(self._limits) as form:
            return form

    def _values(
        self, request: Request, form: Form | None, many: Mapping[str, bool]
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """The texts by name, from the first place that has them, and these places."""
        values = values_of(request.query, many, only=True) if len(request.query) else {}
        places = dict.fromkeys(values, "query")
        if form is not None:
            for name, value in values_of(form, many, only=True).items():
                if name not in values:
                    values[name] = value
                    places[name] = "form"
        for parameter in self._in_path:
            name = parameter.written
            values[name] = [request.parameters[name]] if parameter.shape.many else request.parameters[name]
            places[name] = "path"
        for parameter in self._in_header:
            assert self._header is not None
            name = parameter.written
            values[name] = self._header(request, name)
            places[name] = "header"
        return values, places

    def _of_path(self, request: Request) -> dict[str, str]:
        """What of the path are fields of the body."""
        return {name: request.parameters[name] for name in self._filled}

    def _read_body(self, request: Request, arguments: dict[str, Any], faults: list[Fault]) -> None:
        body, codec = self._body, self._codec
        if body is None or codec is None or not (request.body or body.required):
            return
        if codec.name == "json":
            check_json(request)
        content = request.body
        if self._filled:
            content = filled(content, in_lists(self._of_path(request), body.shape.fields))
        try:
            arguments[body.name] = codec.decode(content)
        except DecodeError as error:
            if error.status != 422:
                raise
            faults += placed(error, lambda at: in_path_or("body", at, self._filled)).errors


def _take_uploads(
    parameters: Iterable[Parameter], form: Form, arguments: dict[str, Any], faults: list[Fault]
) -> None:
    for parameter in parameters:
        uploads = form.uploads(parameter.written)
        if not uploads:
            if parameter.required:
                faults.append(missing("form", parameter.written))
        elif parameter.shape.many:
            arguments[parameter.name] = uploads
        elif len(uploads) > 1:
            faults.append(Fault(f"/form/{parameter.written}", "One file is expected here", "repeated"))
        else:
            arguments[parameter.name] = uploads[0]
