from __future__ import annotations

import pytest

from protocols.http.access_log.redaction import Redaction


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("/a", "/a"),
        ("/a?b=c", "/a?b=c"),
        ("/a?token=s3cret", "/a?token=***"),
        ("/a?b=c&Token=s3cret&d", "/a?b=c&Token=***&d"),
        ("/a?t%6Fken=s3cret", "/a?t%6Fken=***"),
        ("/a?token", "/a?token"),
        ("/a?token=s3cret?x=s3cret", "/a?token=***"),
        ("https://b.test/?x=1&token=s3cret", "https://b.test/?x=1&token=***"),
        ("/token=a", "/token=a"),
    ],
)
def test_values_are_masked(url: str, shown: str) -> None:
    assert Redaction(["token"])(url) == shown


def test_what_is_masked_unless_somebody_says() -> None:
    assert Redaction()("/?access_token=a&password=b&q=c") == "/?access_token=***&password=***&q=c"
    assert Redaction([])("/?token=a") == "/?token=a"
