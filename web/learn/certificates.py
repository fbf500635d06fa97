"""Certificates: those of a learner, and the page by which anyone who has the id of one checks it."""

import re
from typing import Any

from fastapi import Response

from api.http.types import ID
from web.client import Problem
from web.page import Page
from web.routing import Pages

pages = Pages()
LAST_PART = re.compile(r"([^/?#]+)(?:/page)?/?(?:[?#].*)?$")


@pages.get("/learn/certificates")
async def my_certificates(page: Page) -> Response:
    """What the learner holds."""
    held = await page.api.get("/v1/me/credentials")
    return page.html("learn/certificates.html", credentials=held["items"])


@pages.get("/certificates", visitors=True)
async def find_certificate(page: Page) -> Response:
    """A field for an id, or for an address that ends with one."""
    asked = page.query.get("id", "").strip()
    found = LAST_PART.search(asked)
    credential_id = found[1] if found is not None else ""
    if not asked:
        return page.html("learn/certificate-check.html", asked="", problem="")
    if len(credential_id) > 64 or not re.fullmatch(ID, credential_id):
        return _not_found(page, asked, 422)
    try:
        await page.api.get("/v1/credentials/{}", credential_id)
    except Problem as problem:
        if problem.status not in (404, 422):
            raise
        return _not_found(page, asked, 404)
    return page.go(f"/certificates/{credential_id}")


@pages.get("/certificates/{credential_id}", visitors=True)
async def certificate_page(page: Page) -> Response:
    """Whether a certificate is valid, and what it says; its holder also gets the signed document."""
    credential_id = page.parts["credential_id"]
    try:
        checked = await page.api.get("/v1/credentials/{}", credential_id)
    except Problem as problem:
        if problem.status not in (404, 422):
            raise
        return _not_found(page, credential_id, 404)
    held: list[dict[str, Any]] = []
    if page.user is not None:
        held = (await page.api.get("/v1/me/credentials"))["items"]
    own = next((each for each in held if each["credential_id"] == credential_id), None)
    name = (await page.api.read("/v1/me/transcript"))["name"] if own is not None else None
    campus, here = await page.api.get("/v1/campus"), page.services.settings.web_url.rstrip("/")
    values = {"credential": checked.body, "own": own, "campus": campus["name"], "name": name}
    values["address"] = f"{here}/certificates/{credential_id}"
    return page.html("learn/certificate.html", **values)


def _not_found(page: Page, asked: str, status: int) -> Response:
    """The field again, with what was typed."""
    return page.html("learn/certificate-check.html", status, asked=asked[:200], problem="unknown")
