"""
Forms that need a proof that the person is there.

Where the API asks for one, the page that follows has the fields of the form, hidden, beside that for the proof, and is
sent to the address of the form: what was typed is carried out once it is proven, and typed once. A form with a password
or with files is not kept; its person goes back to it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from fastapi import Response

from web.client import STEP_UP, Answer, Problem
from web.page import AS_TYPED, PROOF, Page, own_address

KINDS = frozenset(("password", "code"))


async def after_proof(page: Page, act: Callable[[], Awaitable[Response]]) -> Response:
    """What is answered to a form, once the proof that came along holds; the page that asks again where it does not."""
    sent = await page.fields() or {}
    proof = {name: sent[f"{PROOF}{name}"] for name in KINDS if sent.get(f"{PROOF}{name}")}
    if not proof:
        return await act()
    try:
        proven = await page.api.prove(**proof)
    except Problem as problem:
        return await ask(page, problem)
    return _with_session(await act(), proven)


async def ask(page: Page, problem: Problem | None = None) -> Response:
    """
    The page that asks for the proof and keeps the form that was sent.

    Raises:
        Problem: the form cannot be kept.
    """
    sent = await page.fields()
    if sent is None or not AS_TYPED.isdisjoint(sent):
        raise Problem(403, {"code": STEP_UP})
    kept = {name: value for name, value in sent.items() if not name.startswith(PROOF)}
    return await asking(page, page.here, kept, came_from(page), problem)


async def asking(page: Page, action: str, kept: dict[str, str], back: str, problem: Problem | None = None) -> Response:
    """
    The page that asks for the proof.

    Args:
        action: where it is sent.
        kept: what is sent along.
        back: where a person is led who proves it at a provider.
    """
    factors, identities, providers = await asyncio.gather(
        page.api.get("/v1/auth/factors"), page.api.get("/v1/auth/identities"), page.api.get("/v1/auth/providers")
    )
    connected = {each["provider"] for each in identities["identities"]}
    return page.html(
        "account/confirm.html",
        200 if page.request.method == "GET" else 403 if problem is None else problem.status,
        action=action,
        kept=kept,
        back=back,
        problem=problem,
        kinds={each["kind"] for each in factors["factors"]},
        providers=[each for each in providers["providers"] if each["label"] in connected],
    )


def came_from(page: Page) -> str:
    """The page with the form, as the browser says."""
    parts = urlsplit(page.request.headers.get("referer", ""))
    return own_address(f"{parts.path}?{parts.query}" if parts.query else parts.path)


def _with_session(response: Response, proven: Answer) -> Response:
    """The answer with the cookie of the session; what the answer itself does to the session comes after it."""
    response.raw_headers[:0] = [(name, text) for name, text in proven.headers if name == b"set-cookie"]
    return response
