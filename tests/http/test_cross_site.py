"""Whether it is the page of another site that asks."""

from __future__ import annotations

import pytest

from protocols.http import Headers, Request
from protocols.http.cross_site import is_of_another_site


def asked(**fields: str) -> bool:
    headers = Headers([(name.replace("_", "-"), value) for name, value in fields.items()])
    return is_of_another_site(Request("POST", "/c", headers=headers, host="example.org"))


def test_who_is_no_browser() -> None:
    assert not asked()


@pytest.mark.parametrize("origin", ["https://example.org", "http://example.org", "https://example.org:443"])
def test_our_own_page(origin: str) -> None:
    assert not asked(Origin=origin)
    assert not asked(Origin=origin, Sec_Fetch_Site="same-origin")


@pytest.mark.parametrize("origin", ["https://evil.test", "https://www.example.org", "null", "file://"])
def test_the_page_of_another(origin: str) -> None:
    assert asked(Origin=origin)


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", "what?"])
def test_what_the_browser_says(site: str) -> None:
    assert asked(Sec_Fetch_Site=site)
    assert asked(Origin="https://example.org", Sec_Fetch_Site=site)
