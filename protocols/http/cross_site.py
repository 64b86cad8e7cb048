"""Whether it is the page of another site that has a browser ask for something to be done.

A page may have browsers post what looks like a form to any host (Fetch standard, section 2.2.2), with the
logins and the place in the network of whoever looks at it, and no host is asked before.  Browsers say whose
page it is, in Sec-Fetch-Site (Fetch Metadata Request Headers, section 2.3) and in Origin; who is no browser
says nothing.
"""

from __future__ import annotations

from protocols.http.request import RequestHead
from protocols.http.websocket.origin import is_allowed


def is_of_another_site(request: RequestHead) -> bool:
    """Whether `request` comes of a page of another origin than the one it asks, or of nobody's page."""
    site = request.headers.get("sec-fetch-site")
    return site not in (None, "same-origin") or not is_allowed(request, None)
