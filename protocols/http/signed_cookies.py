"""Cookies that only this server can have made; itsdangerous does the signing."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Final

from itsdangerous import BadData, URLSafeTimedSerializer

from protocols.http.cookies import cookie_line
from protocols.http.request import RequestHead
from protocols.http.response import Response

SHORTEST: Final = 16
"""Bytes of a secret: what is shorter can be guessed."""

LARGEST: Final = 4096
"""Bytes of a cookie with its attributes: browsers drop larger ones (RFC 6265, section 6.1)."""

TWO_WEEKS: Final = 14 * 24 * 3600


class SignedCookies:
    """Values that a client keeps, can read, and cannot change: any that JSON can say.

    A value is signed together with the name of its cookie and the time (HMAC-SHA-256); one that is not
    signed, signed with another secret, for another cookie, or too old, is as absent as one that never was.
    It is not encrypted.

    :param secrets: one secret, or several: the first signs, the others are still believed, until you take
        them away.  Each has 16 bytes or more: ``python -c 'import secrets; print(secrets.token_hex(32))'``.
    :param max_age: seconds a value is believed, and kept by the browser.

    Raises :class:`ValueError` for a secret that is too short.
    """

    def __init__(self, secrets: str | bytes | Sequence[str | bytes], max_age: int = TWO_WEEKS) -> None:
        given = [secrets] if isinstance(secrets, str | bytes) else list(secrets)
        keys = [key.encode() if isinstance(key, str) else key for key in given]
        if not keys or min(map(len, keys)) < SHORTEST:
            raise ValueError(f"a secret for cookies has {SHORTEST} bytes or more")
        if max_age <= 0:
            raise ValueError("max_age is a number of seconds, more than 0")
        self._keys = keys[::-1]  # itsdangerous signs with the last
        self._max_age = max_age

    def get(self, request: RequestHead, name: str, default: Any = None) -> Any:
        """The value of the cookie `name`, or `default` where there is none to be believed."""
        signed = request.cookies.get(name)
        if not signed:
            return default
        try:
            return self._serializer(name).loads(signed, max_age=self._max_age)
        except BadData:
            return default

    def set(self, response: Response, name: str, value: Any, **attributes: Any) -> None:
        """Have the client keep `value` as the cookie `name`; for the attributes see
        :func:`~protocols.http.cookies.cookie_line`.

        Raises :class:`TypeError` for what has no JSON form, :class:`ValueError` for what makes too large a
        cookie.
        """
        signed = self._serializer(name).dumps(value)
        text = signed if isinstance(signed, str) else signed.decode("ascii")
        attributes.setdefault("max_age", self._max_age)
        if len(cookie_line(name, text, **attributes)) > LARGEST:
            raise ValueError(f"the cookie {name} would have more than {LARGEST} bytes, which browsers drop")
        response.set_cookie(name, text, **attributes)

    def delete(self, response: Response, name: str, **attributes: Any) -> None:
        """Have the client forget the cookie; path and domain must be those it was set with."""
        response.delete_cookie(name, **attributes)

    def _serializer(self, name: str) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(
            self._keys,
            salt=f"polyport.cookie.{name}",
            signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"},
        )

    def __repr__(self) -> str:
        return f"<SignedCookies of {len(self._keys)} secrets>"
