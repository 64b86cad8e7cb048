"""Arguments that requests say as texts: in the path, the query, a form or a header field."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, NotRequired, Required

from pydantic import Field, ValidationError
from typing_extensions import TypedDict

from protocols.codec import Fault
from protocols.codec.validation import adapter_for, decode_error
from protocols.http.routes.faults import first_step, placed
from protocols.http.routes.query_values import values_of
from protocols.http.routes.route_signature import Parameter


class Texts:
    """Several parameters, validated together, so that one answer tells of every fault.

    .. attribute:: many

       The names that clients write, and whether each may come several times.
    """

    def __init__(self, parameters: Iterable[Parameter]) -> None:
        chosen = list(parameters)
        self.many = {p.written: p.shape.many for p in chosen if p.places[0] == "query"}
        make: Any = TypedDict  # which type checkers know with literals only
        kind = make("Arguments", {p.name: _item(p) for p in chosen})
        self._validate: Callable[..., Any] | None = None
        if chosen:
            self._validate = adapter_for(kind).validator.validate_python

    def validated(
        self, values: Mapping[str, Any], places: Mapping[str, str], place: str, faults: list[Fault]
    ) -> Mapping[str, Any]:
        """`values`, as the function takes them; what is wrong is put into `faults`.

        :param places: where each value was.
        :param place: where one that is missing should have been.
        """
        if self._validate is None:
            return {}
        try:
            validated: Mapping[str, Any] = self._validate(values)
        except ValidationError as error:
            # Not chained: a ValidationError prints the peer's values wherever it is logged.
            found = placed(decode_error(error), lambda path: f"/{places.get(first_step(path), place)}{path}")
            faults.extend(found.errors)
            return {}
        return validated


class Spread:
    """A parameter whose fields are names of the query."""

    def __init__(self, parameter: Parameter, others: Iterable[str]) -> None:
        self._name = parameter.name
        self._many = parameter.shape.fields
        self._others = frozenset(others)
        self._validate = adapter_for(parameter.annotation).validator.validate_python

    def read(
        self,
        query: Iterable[tuple[str, str]],
        path: Mapping[str, str],
        arguments: dict[str, Any],
        faults: list[Fault],
    ) -> None:
        """Put the parameter into `arguments`, or what is wrong with it into `faults`."""
        values = values_of(((n, v) for n, v in query if n not in self._others), self._many)
        values |= in_lists(path, self._many)
        try:
            arguments[self._name] = self._validate(values)
        except ValidationError as error:
            found = placed(decode_error(error), lambda at: in_path_or("query", at, path))
            faults.extend(found.errors)


def in_lists(values: Mapping[str, str], many: Mapping[str, bool]) -> dict[str, Any]:
    """`values`, those that may come several times as lists."""
    return {name: [value] if many.get(name) else value for name, value in values.items()}


def in_path_or(place: str, pointer: str, path: Iterable[str]) -> str:
    """`pointer`, from the root of the request: into its path, or into `place`."""
    return f"/path{pointer}" if first_step(pointer) in path else f"/{place}{pointer}"


def _item(parameter: Parameter) -> Any:
    form: Any = parameter.annotation
    if parameter.written != parameter.name:
        form = Annotated[form, Field(validation_alias=parameter.written)]
    # A header field that is not there is None.
    return Required[form] if parameter.required or parameter.places == ("header",) else NotRequired[form]
