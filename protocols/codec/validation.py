"""Pydantic at the edge: annotations become validators, validation errors become DecodeErrors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError
from pydantic_core import SchemaError

from protocols.codec.contract import DecodeError, Fault

MAX_REPORTED_FAULTS: Final = 20
"""Faults told to the peer; enough to mend a message by, too few to make an answer that floods."""

MAX_EXPANDED_FAULTS: Final = 10_000
"""Above this many, pydantic is not asked for the list: each entry costs about half a kilobyte."""

MAX_PATH: Final = 200
"""Characters of a fault's path; the keys in it are the peer's and may be as long as a message."""

# Pydantic's own texts for these kinds quote what the peer sent.
_TEXTS_WITHOUT_INPUT: Final[Mapping[str, str]] = {
    "byte_size_unit": "Input should have a known unit of size",
    "bytes_invalid_encoding": "Input should be correctly encoded bytes",
    "import_error": "Input should be the path of a known Python object",
    "union_tag_invalid": "Input tag does not match any of the expected tags",
    "uuid_parsing": "Input should be a valid UUID",
    "zoneinfo_str": "Input should be a known time zone",
}


def adapter_for(annotation: object) -> TypeAdapter[Any]:
    """The pydantic adapter of a function's `annotation`.

    Raises :class:`TypeError`, when the function is loaded, for what pydantic cannot validate and
    for names that cannot be resolved.
    """
    # An annotation is whatever stands behind the colon; pydantic finds out whether it is a type.
    form: Any = annotation
    try:
        adapter: TypeAdapter[Any] = TypeAdapter(form)
    except (PydanticUserError, SchemaError, NameError, TypeError, SyntaxError) as error:
        reason = str(error).partition("\n")[0]
        raise TypeError(f"messages cannot be validated as {_name(annotation)}: {reason}") from error
    if not adapter.pydantic_complete:
        raise TypeError(
            f"messages cannot be validated as {_name(annotation)}: it names a type that is not defined"
        )
    return adapter


def python_validator(annotation: object) -> Callable[[object], object]:
    """A function that validates what a binary format has already read.

    It raises :class:`DecodeError`, and :class:`TypeError` at load as :func:`adapter_for` does.
    """
    validate = adapter_for(annotation).validator.validate_python

    def validated(value: object) -> object:
        try:
            return validate(value)
        except ValidationError as error:
            # Not chained: a ValidationError prints the peer's values wherever it is logged.
            raise decode_error(error) from None

    return validated


def decode_error(error: ValidationError) -> DecodeError:
    """What `error` says, without the peer's values."""
    count = error.error_count()
    if count > MAX_EXPANDED_FAULTS:
        return DecodeError.invalid(Fault("", f"The message has {count} errors", "too_many_errors"))
    details = error.errors(include_url=False, include_context=False, include_input=False)
    faults = [
        Fault(
            _pointer(detail["loc"]),
            _TEXTS_WITHOUT_INPUT.get(detail["type"], detail["msg"]),
            detail["type"],
        )
        for detail in details[:MAX_REPORTED_FAULTS]
    ]
    if faults[0].kind == "json_invalid" and not faults[0].path:
        return DecodeError.malformed(faults[0].message, faults[0].kind)
    if count > MAX_REPORTED_FAULTS:
        faults.append(
            Fault("", f"{count - MAX_REPORTED_FAULTS} more errors are not listed", "too_many_errors")
        )
    return DecodeError.invalid(*faults)


def _pointer(location: tuple[int | str, ...]) -> str:
    """`location` as a JSON pointer (RFC 6901, section 3), cut to MAX_PATH characters."""
    pointer = "".join("/" + str(step)[:MAX_PATH].replace("~", "~0").replace("/", "~1") for step in location)
    if len(pointer) > MAX_PATH:
        pointer = pointer[: MAX_PATH - 1] + "…"
    # Keys of binary formats may hold lone surrogates, which no UTF-8 answer can carry.
    return pointer.encode("utf-8", "backslashreplace").decode("utf-8")


def _name(annotation: object) -> str:
    return annotation.__name__ if isinstance(annotation, type) else repr(annotation)
