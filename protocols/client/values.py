"""Values of a program's, and the messages that say them."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, TypeVar, overload

from protocols.client.errors import ProblemError, ReplyError
from protocols.codec import Codec, DecodeError, codec_for

T = TypeVar("T")


class Values:
    """The two directions of one codec, for any type.

    :param url: the server, for errors.
    :param codec: ``json``, ``msgpack``, ``text``, ``bytes``, ``pickle`` (plain data only), or ``None``: bytes
        and text as they are, JSON for the rest.

    Raises :class:`ValueError` for an unknown codec.
    """

    def __init__(self, url: str, codec: str | None) -> None:
        self._url = url
        self._name = codec
        self._plain = codec_for(inspect.Parameter.empty, codec)
        self._made: dict[object, Codec] = {}

    def encode(self, value: object) -> bytes:
        """The message that says `value`; bytes and text are taken for one.

        Raises :class:`TypeError` or :class:`ValueError` for what the codec cannot say.
        """
        return self._plain.encode(value)

    @overload
    def decode(self, message: bytes, form: type[T]) -> T: ...
    @overload
    def decode(self, message: bytes, form: object) -> Any: ...
    def decode(self, message: bytes, form: object) -> Any:
        """The value of type `form` that `message` says, validated by pydantic.

        Raises :class:`~protocols.client.errors.ProblemError` where it is a problem document instead, and
        :class:`~protocols.client.errors.ReplyError` where it is neither; :class:`TypeError` for a `form` that
        the codec cannot serve.
        """
        codec = self._codec(form)
        try:
            return codec.decode(message)
        except DecodeError as error:
            problem = self._problem(message)
            if problem is not None:
                raise ProblemError(self._url, problem) from None
            raise ReplyError(self._url, str(error)) from None

    def _codec(self, form: object) -> Codec:
        try:
            found = self._made.get(form)
        except TypeError:  # such as Annotated with a list in it
            return codec_for(form, self._name)
        if found is None:
            found = self._made[form] = codec_for(form, self._name)
        return found

    def _problem(self, message: bytes) -> Mapping[str, Any] | None:
        """The problem document (RFC 9457) that `message` is, if it is one."""
        try:
            value = codec_for(Any, self._name).decode(message)
        except DecodeError:
            return None
        if not isinstance(value, dict) or not {"type", "title"} <= value.keys():
            return None
        return value if isinstance(value.get("status"), int) else None
