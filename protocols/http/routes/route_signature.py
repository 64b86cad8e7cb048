"""What a function on a route takes and gives, read from its signature once, when it is loaded."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from types import UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from protocols.handlers import Conversation
from protocols.handlers.signature import Kind, is_peer, kind_of, name_of, read_signature
from protocols.http.request import Request, StreamingRequest
from protocols.http.routes.shape import Shape, shape_of
from protocols.http.upload import Upload
from protocols.session import Peer

Place = Literal["path", "query", "form", "body", "header", "upload", "peer", "request"]

READING: Final = ("GET", "HEAD", "DELETE")
"""The methods whose requests say everything in their target."""

WRITING: Final = ("POST", "PUT", "PATCH")
"""The methods whose requests have content."""

EMPTY: Final = inspect.Parameter.empty


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a function, and where in a request it comes from."""

    name: str
    annotation: object
    """Its type; where nothing is said, ``bytes`` for the body, and ``str`` for what stands in a URL."""
    places: tuple[Place, ...]
    """Where it is looked for; the first place that has it wins.  ``query`` beside ``body`` is for the methods
    without content."""
    written: str
    """What clients call it: its name, unless pydantic's ``Field(alias=…)`` says another."""
    required: bool
    shape: Shape
    """What of its type text can say."""


@dataclass(frozen=True, slots=True)
class RouteSignature:
    """What a function on a route takes and gives.

    Values of the path come first: what `path` names is taken from there, also where the query or the
    body has it too.
    """

    name: str
    """The function, as ``module.name``."""
    kind: Kind
    parameters: tuple[Parameter, ...]
    path: tuple[str, ...]
    """The names in the path."""
    message: Parameter | None
    """The one that is the whole message on a socket: the content of a POST, and the query of a GET."""
    result: object
    """The type of the result, or of each item that a generator yields; ``object`` where nothing is said."""
    methods: tuple[str, ...]

    @property
    def body(self) -> Parameter | None:
        """The one that is the content."""
        return next((p for p in self.parameters if "body" in p.places), None)

    @property
    def model(self) -> Parameter | None:
        """The one whose fields may be names of the path."""
        return next((p for p in self.parameters if p.shape.kind == "fields"), None)

    @property
    def filled(self) -> tuple[str, ...]:
        """The names in the path that are fields of the model."""
        own = {p.written for p in self.parameters if "path" in p.places}
        return tuple(name for name in self.path if name not in own)

    @property
    def takes_request(self) -> bool:
        return any("request" in p.places for p in self.parameters)

    @property
    def takes_uploads(self) -> bool:
        return any("upload" in p.places for p in self.parameters)

    @property
    def takes_fields(self) -> bool:
        """Whether the content may be a form."""
        return any("form" in p.places or "upload" in p.places for p in self.parameters)

    @property
    def is_message(self) -> bool:
        """Whether a message, and perhaps its peer, is all it takes."""
        return self.message is not None and all(
            p is self.message or "peer" in p.places for p in self.parameters
        )


def route_signature(
    function: Callable[..., Any],
    path: Iterable[str] = (),
    headers: Mapping[str, str] | None = None,
    *,
    content: bool = True,
) -> RouteSignature:
    """Read the signature of `function`, which answers at a path with the names `path` in it.

    :param headers: names of parameters that are header fields, and of these fields.
    :param content: whether its requests have content.

    Raises :class:`TypeError`, with what is wrong in words, for what no request could fill.
    """
    reading = _Reading(function, tuple(path), headers or {}, content)
    parameters = tuple(filter(None, map(reading.parameter, reading.taken)))
    if any("body" in p.places for p in parameters):
        # The content is no form then.
        parameters = tuple(replace(p, places=_without_form(p.places)) for p in parameters)
    kind = kind_of(function)
    signature = RouteSignature(
        name=reading.name,
        kind=kind,
        parameters=parameters,
        path=reading.path,
        message=next((p for p in parameters if p.name == reading.message), None),
        result=_result(read_signature(function).return_annotation, kind),
        methods=_methods(parameters),
    )
    _check(signature)
    return signature


class _Reading:
    """One signature, on its way from Python's to ours."""

    def __init__(
        self,
        function: Callable[..., Any],
        path: tuple[str, ...],
        headers: Mapping[str, str],
        content: bool,
    ) -> None:
        self.name = name_of(function)
        self.path = path
        self.headers = headers
        self.content = content
        self.taken = [
            parameter
            for parameter in read_signature(function).parameters.values()
            if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        ]
        self.uploads = any(_upload(p.annotation) is not None for p in self.taken)
        self.message = self._message()

    def _message(self) -> str | None:
        """The parameter that is the whole message: the only one that is needed, and the first."""
        needed = [p for p in self.taken if p.default is EMPTY and self._special(p) is None]
        if len(needed) != 1 or self.uploads or not self.content or self._asks_for(Request):
            return None
        (only,) = needed
        if only is not self.taken[0] or only.kind is only.KEYWORD_ONLY or written(only) in self.path:
            return None
        own = [p for p in self.taken if written(p) in self.path]
        return None if own else only.name

    def _asks_for(self, kind: type) -> bool:
        return any(p.annotation is kind for p in self.taken)

    def _special(self, parameter: inspect.Parameter) -> Place | None:
        if is_peer(parameter) or Peer in get_args(parameter.annotation):
            return "peer"
        if parameter.annotation in (Request, StreamingRequest):
            return "request"
        if parameter.name in self.headers:
            return "header"
        return None if _upload(parameter.annotation) is None else "upload"

    def parameter(self, parameter: inspect.Parameter) -> Parameter | None:
        """What `parameter` is to a request; ``None`` if it keeps its default, whatever is asked."""
        special = self._special(parameter)
        if special is not None and special != "header":
            many = special == "upload" and bool(_upload(parameter.annotation))
            shape = Shape("values" if many else "value")
            return self._made(parameter, (special,), shape, parameter.annotation)
        if parameter.default is EMPTY or special or written(parameter) in self.path:
            return self._value(parameter)
        # What has a default may be the function's own affair, which no client is to change.
        if parameter.annotation is EMPTY or parameter.kind is parameter.POSITIONAL_ONLY:
            return None
        try:
            found = self._value(parameter)
        except TypeError:
            return None
        beside = self.message is not None and found.shape.kind not in ("value", "values")
        return None if beside else found

    def _value(self, parameter: inspect.Parameter) -> Parameter:
        """One that is text, or the body."""
        is_message = parameter.name == self.message
        annotation = parameter.annotation
        if (get_origin(annotation) or annotation) is Conversation:
            raise TypeError(f"{self.name} holds a conversation, which needs a stream; HTTP asks once")
        if annotation is EMPTY:
            annotation = bytes if is_message else str
        try:
            shape = shape_of(annotation)
        except TypeError as error:
            raise TypeError(f"{self.name}, {parameter.name}: {error}") from error
        return self._made(parameter, self._places(parameter, shape, is_message), shape, annotation)

    def _places(self, parameter: inspect.Parameter, shape: Shape, is_message: bool) -> tuple[Place, ...]:
        if parameter.name in self.headers:
            return ("header",)
        if written(parameter) in self.path:
            return ("path",)
        if not self.content:
            if shape.readable:
                return ("query",)
            raise TypeError(f"{self.name} takes {parameter.name}, which no query can say")
        if is_message:
            return ("query", "body") if shape.readable else ("body",)
        if shape.kind in ("value", "values"):
            return ("query", "form")
        return ("body",)

    def _made(
        self, parameter: inspect.Parameter, places: tuple[Place, ...], shape: Shape, annotation: object
    ) -> Parameter:
        if parameter.kind is parameter.POSITIONAL_ONLY and parameter.name != self.message:
            raise TypeError(f"{self.name} takes {parameter.name} by its position only; requests have names")
        return Parameter(
            name=parameter.name,
            annotation=annotation,
            places=places,
            written=self.headers.get(parameter.name) or written(parameter),
            required=parameter.default is EMPTY,
            shape=shape,
        )


def _without_form(places: tuple[Place, ...]) -> tuple[Place, ...]:
    return tuple(place for place in places if place != "form")


def written(parameter: inspect.Parameter) -> str:
    """What clients call `parameter`."""
    if get_origin(parameter.annotation) is Annotated:
        for note in parameter.annotation.__metadata__:
            if isinstance(note, FieldInfo):
                alias = note.validation_alias or note.alias
                if isinstance(alias, str):
                    return alias
    return parameter.name


def _upload(annotation: object) -> bool | None:
    """Whether `annotation` is several uploads; ``None`` if it is none."""
    if get_origin(annotation) in (Union, UnionType):
        known = [_upload(choice) for choice in get_args(annotation) if choice is not type(None)]
        return known[0] if len(known) == 1 else None
    if annotation is Upload:
        return False
    arguments = get_args(annotation)
    return True if get_origin(annotation) is list and arguments == (Upload,) else None


def _result(annotation: object, kind: Kind) -> object:
    if annotation is EMPTY:
        return object
    if "generator" in kind:
        return next(iter(get_args(annotation)), object)
    return annotation


def _methods(parameters: tuple[Parameter, ...]) -> tuple[str, ...]:
    places = {place for parameter in parameters for place in parameter.places}
    content_only = any(p.required and p.places == ("body",) for p in parameters)
    return WRITING if "upload" in places or content_only else ("GET", "HEAD", *WRITING, "DELETE")


def _check(signature: RouteSignature) -> None:
    name = signature.name
    for parameter in signature.parameters:
        if parameter.annotation is StreamingRequest:
            raise TypeError(f"{name} reads the content as it comes, so it takes the request alone")
        if "path" in parameter.places and parameter.shape.kind not in ("value", "values"):
            raise TypeError(f"{name} takes {parameter.name} from the path, which cannot say what it is")
    models = [p.name for p in signature.parameters if p.shape.kind == "fields"]
    bodies = [p.name for p in signature.parameters if "body" in p.places]
    if len(models) > 1 and not bodies:
        raise TypeError(f"{name} takes {' and '.join(models)}, of which only one can be the query")
    if len(bodies) > 1:
        raise TypeError(f"{name} takes {' and '.join(bodies)}, of which only one can be the content")
    if bodies and signature.takes_uploads:
        raise TypeError(f"{name} takes a form, for its uploads, so {bodies[0]} cannot be the content")
    fields = signature.model.shape.fields if signature.model is not None else {}
    strange = [each for each in signature.filled if each not in fields]
    if strange and not signature.takes_request:
        raise TypeError(f"{name} takes nothing called {strange[0]}, which the path has in braces")
