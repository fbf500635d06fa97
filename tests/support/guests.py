"""A campus with providers of sign-ins, and browsers that go there and come back."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
from fastapi import FastAPI

from adapters.settings import Settings
from api import app as api
from api.auth.providers import BROWSER_COOKIE
from api.http.sessions import COOKIE
from tests.support.clock import SharedClock
from tests.support.people import Browser, Town
from tests.support.people import town as town_of
from tests.support.provider import Provider, listening, query_of

OWN = {"origin": "https://campus.test", "sec-fetch-site": "same-origin"}


class Place:
    """A campus with two providers, of which only the first opens accounts."""

    def __init__(self, settings: Settings, town: Town, school: Provider, club: Provider) -> None:
        self.settings, self.town, self.school, self.club = settings, town, school, club


class Guest(Browser):
    """A browser that goes to a provider and comes back; it keeps the cookie that binds both."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        super().__init__(client)
        self.binding = ""

    @property
    def cookie(self) -> dict[str, str]:
        """Both cookies."""
        pairs = ((COOKIE, self.token), (BROWSER_COOKIE, self.binding))
        said = "; ".join(f"{name}={value}" for name, value in pairs if value)
        return {"cookie": said} if said else {}

    async def begin(self, provider: Provider, path: str = "/auth/providers/begin", **more: str) -> str:
        """Where the campus sends the browser."""
        body = {"provider": provider.name, **more}
        answer = await self.client.post(f"/v1{path}", json=body, headers={**self.cookie, **OWN})
        assert answer.status_code == 200, answer.text
        self.binding = answer.headers["set-cookie"].partition(f"{BROWSER_COOKIE}=")[2].partition(";")[0]
        return str(answer.json()["url"])

    async def come_back(self, provider: Provider, said: dict[str, str]) -> httpx.Response:
        """Bring back what the provider says."""
        path = f"/v1/auth/providers/{provider.name}/callback?{query_of(said)}"
        answer = await self.client.get(path, headers=self.cookie)
        for each in answer.headers.get_list("set-cookie"):
            if each.startswith(f"{COOKIE}="):
                self.token = each.partition("=")[2].partition(";")[0]
        return answer

    async def sign_in(self, provider: Provider, subject: str, **claims: Any) -> httpx.Response:
        """To the provider and back."""
        return await self.come_back(provider, provider.agree(await self.begin(provider), subject, **claims))


@asynccontextmanager
async def place_of(settings: Settings, build: Callable[[Settings], FastAPI] = api.build) -> AsyncIterator[Place]:
    """The campus."""
    async with AsyncExitStack() as stack:
        school = await stack.enter_async_context(listening(Provider()))
        club = await stack.enter_async_context(listening(Provider(name="club")))
        named = json.dumps([school.settings(factor_amr=["mfa"]), club.settings(opens_accounts=False)])
        there = settings.model_copy(update={"oidc_providers": named})
        yield Place(there, await stack.enter_async_context(town_of(SharedClock.of(there), build)), school, club)


def guest(place: Place) -> Guest:
    """Another browser."""
    return Guest(place.town.client)


async def owner(place: Place, browser: Browser) -> str:
    """Whose account the browser is signed in to; empty if it is not."""
    session = await place.town.app.state.services.people.sessions.find(browser.token) if browser.token else None
    return session.learner_id if session is not None else ""
