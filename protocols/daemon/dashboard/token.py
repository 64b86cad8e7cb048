"""Whether it is the page that asks for something to be done, and not one of another site.

Browsers send a login along with whatever the page of another site has them send; of cookies alone they can
be told not to.  So two things are asked: that the browser says that it was this page, and a token, which the
page has in its forms and the browser in a cookie, and which no other site can read or set.  It belongs to the
browser and not to the process, since of several workers any may be asked.
"""

from __future__ import annotations

import hmac
import re
import secrets
from typing import Final

from protocols.http import HTTPError, RequestHead, Response
from protocols.http.cross_site import is_of_another_site

COOKIE: Final = "polyport-dashboard"

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


def token_for(request: RequestHead) -> str:
    """What the page that answers `request` has in its forms: what the browser has already, or a new one."""
    known = request.cookies.get(COOKIE, "")
    return known if _TOKEN.fullmatch(known) else secrets.token_urlsafe(32)


def give_token(request: RequestHead, response: Response, token: str) -> None:
    """Have the browser know `token`, if it does not."""
    if request.cookies.get(COOKIE) != token:
        # Without a path it is for what is below the page, whatever a proxy in front calls that.
        secure = request.scheme == "https"
        response.set_cookie(COOKIE, token, path=None, secure=secure, same_site="strict")


def check_token(request: RequestHead, token: str) -> None:
    """Raises :class:`HTTPError` (403) unless `request` comes from the page, in whose form was `token`."""
    if is_of_another_site(request):
        raise HTTPError(403, "This comes from the page of another site")
    known = request.cookies.get(COOKIE, "")
    if not _TOKEN.fullmatch(known) or not hmac.compare_digest(known.encode(), token.encode()):
        raise HTTPError(403, "The page is out of date: load it again")
