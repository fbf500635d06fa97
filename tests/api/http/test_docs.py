"""The pages that describe the API."""

import httpx


async def test_the_description_needs_no_network(client: httpx.AsyncClient) -> None:
    """Whatever the pages load comes from the API itself."""
    for page in ("/docs", "/redoc"):
        html = (await client.get(page)).text
        assert "http://" not in html.replace("http://www.w3.org", "")
        assert "https://" not in html
    script = await client.get("/docs/assets/swagger-ui-bundle.js")
    assert (script.status_code, len(script.content) > 100_000) == (200, True)
    assert (await client.get("/openapi.json")).json()["openapi"].startswith("3.1")
