"""Identity over HTTP."""

from tests.support.api import Campus


async def test_without_a_token_nothing_is_told(campus: Campus) -> None:
    """No token, another scheme, an unsigned token: 401, with the scheme to use."""
    for headers in ({}, {"authorization": "Basic abc"}, {"authorization": "Bearer abc.def.ghi"}):
        answer = await campus.client.get("/v1/me/dashboard", headers=headers)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert answer.json()["code"] == "unauthenticated"
