"""`Accept` and `Accept-Encoding` mean what RFC 9110 says, with qualities."""

import pytest

from api.http.negotiation import coding, takes


@pytest.mark.parametrize(
    ("header", "expected"),
    {
        "": "identity",
        "gzip": "gzip",
        "GZIP": "gzip",
        "x-gzip": "gzip",
        "gzip, deflate, br": "gzip",
        "gzip;q=0.5": "gzip",
        "gzip ; q=0.5": "gzip",
        "gzip;q=0": "identity",
        "gzip;q=0.000": "identity",
        "br": "identity",
        "not-gzip": "identity",
        "*": "gzip",
        "*;q=0.1": "gzip",
        "br, *;q=0": None,
        "gzip, *;q=0": "gzip",
        "identity, *;q=0": "identity",
        "identity;q=1, gzip;q=0.5": "identity",
        "identity;q=0.5, gzip;q=1": "gzip",
        "identity;q=0": None,
        "identity;q=0, gzip": "gzip",
        "gzip;q=0, identity;q=0": None,
        "*;q=0": None,
        "gzip;q=high": "gzip",
    }.items(),
)
def test_the_coding_is_one_that_the_client_takes(header: str, expected: str | None) -> None:
    """The client's preference decides; what it refuses with 0 is not sent."""
    assert coding(header) == expected


@pytest.mark.parametrize(
    ("header", "expected"),
    {
        "": True,
        "*/*": True,
        "application/json": True,
        "application/*": True,
        "text/html": False,
        "text/html, */*;q=0.1": True,
        "text/html, application/json;q=0.1": True,
        "application/json;q=0, */*": False,
        "application/*;q=0, */*": False,
        "application/json, */*;q=0": True,
        "Application/JSON; charset=utf-8": True,
        "application/problem+json": False,
    }.items(),
)
def test_the_most_specific_range_decides(header: str, expected: bool) -> None:  # noqa: FBT001 - a parameter
    """Whether JSON may be sent."""
    assert takes(header, "application/json") is expected
