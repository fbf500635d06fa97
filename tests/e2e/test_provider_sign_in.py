"""
Signing in by a provider with contexts served apart: what one process has begun another one finishes, and the sign-in
holds in every context. Behind gateway and Caddy, and in one process.
"""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from adapters.embedded.secrets import free_port
from adapters.settings import Settings
from tests.conftest import migrated
from tests.support.api import workers
from tests.support.guests import Guest
from tests.support.people import ORIGIN
from tests.support.polling import PATIENCE, until
from tests.support.provider import Provider, listening, unsigned
from tests.support.servers import Servers
from tests.support.shapes import Shape, apart, monolith

pytestmark = [pytest.mark.slow, pytest.mark.processes]


@pytest.fixture(scope="module")
def school() -> Provider:
    """A provider, on a port that the settings of the campus name."""
    return Provider(port=free_port())


@pytest.fixture(scope="module")
def lively(servers: Servers, school: Provider) -> Iterator[Settings]:
    """A campus with its workers, which knows the provider."""
    providers = json.dumps([school.settings(factor_amr=["mfa"])])
    own = {"oidc_providers": providers, "public_url": ORIGIN, "dev_login": False}  # which is for loopback only
    settings = migrated(servers).model_copy(update=own)
    with workers(settings):
        yield settings


@pytest.fixture(scope="module", params=["one process", "apart"])
def shape(
    lively: Settings, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shape]:
    """The campus in one shape."""
    folder: Path = tmp_path_factory.mktemp("caddy")
    with monolith(lively) if request.param == "one process" else apart(lively, folder) as found:
        yield found


@pytest.fixture
async def client(shape: Shape, school: Provider) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the campus, while the provider answers."""
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(listening(school))
        host = {"host": "campus.test"}  # as a browser on the pages of the campus sends it
        asking = httpx.AsyncClient(base_url=shape.url, timeout=PATIENCE, headers=host)
        yield await stack.enter_async_context(asking)


async def status(guest: Guest, path: str) -> int:
    """What a browser is answered."""
    return (await guest.client.get(f"/v1{path}", headers=guest.cookie)).status_code


async def test_a_person_signs_in_and_is_known_everywhere(client: httpx.AsyncClient, school: Provider) -> None:
    """Several times, so that each process of a group begins or finishes one; the account is the same each time."""
    found = set()
    for _ in range(4):
        guest = Guest(client)
        answer = await guest.sign_in(school, "grace", name="Grace")
        assert (answer.status_code, answer.headers["location"]) == (303, "/account/connected"), answer.text
        assert len(answer.headers.get_list("set-cookie")) >= 1
        for path in ("/me/dashboard", "/courses", "/products", "/auth/sessions", "/me/runs", "/me/roles"):
            await until(lambda path=path: _is_served(guest, path))  # type: ignore[misc]  # noqa: B023
        session = await client.get("/v1/auth/session", headers=guest.cookie)
        found.add(session.json()["learner_id"])
    assert len(found) == 1


async def _is_served(guest: Guest, path: str) -> bool:
    return await status(guest, path) == 200


async def test_what_is_not_in_order_is_refused_by_every_process(client: httpx.AsyncClient, school: Provider) -> None:
    """Another browser, an answer that is brought twice, a token without a signature; two answers at the same time."""
    for _ in range(4):
        guest = Guest(client)
        said = school.agree(await guest.begin(school), "grace")
        stranger = Guest(client)
        await stranger.begin(school)
        assert (await stranger.come_back(school, said)).status_code == 403
        assert (await guest.come_back(school, said)).status_code == 303
        assert (await guest.come_back(school, said)).status_code == 403
    school.sign = unsigned
    try:
        for _ in range(4):
            assert (await Guest(client).sign_in(school, "grace")).status_code == 403
    finally:
        school.sign = None


async def test_the_provider_ends_its_sessions_in_every_process(client: httpx.AsyncClient, school: Provider) -> None:
    """A logout token reaches one process, and the session has ended in all of them."""
    guest = Guest(client)
    assert (await guest.sign_in(school, "ada", sid="s-1")).status_code == 303
    assert await status(guest, "/me/roles") == 200
    form = {"logout_token": school.logout_token(sub="ada", sid="s-1")}
    answer = await client.post(f"/v1/auth/providers/{school.name}/logout", data=form)
    assert answer.json() == {"ended": True}, answer.text

    async def is_signed_out() -> bool:
        return [await status(guest, path) for path in ("/me/roles", "/me/dashboard", "/courses")] == [401] * 3

    await until(is_signed_out)


async def test_a_sign_in_survives_the_process_that_began_it(
    client: httpx.AsyncClient, school: Provider, shape: Shape
) -> None:
    """What binds browser and provider is in no process."""
    if not shape.processes:
        pytest.skip("there is one process")
    guest = Guest(client)
    said = school.agree(await guest.begin(school), "grace", name="Grace")
    shape.kill_one_of_each()
    assert (await guest.come_back(school, said)).status_code == 303
    for path in ("/me/dashboard", "/courses", "/auth/sessions"):
        assert await status(guest, path) == 200, path
