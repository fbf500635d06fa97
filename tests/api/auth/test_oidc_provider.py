"""Signing in by the npm package `oidc-provider`, a certified implementation of OpenID Connect, in Node."""

import asyncio
import json
import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest

from adapters.embedded.secrets import free_port
from adapters.settings import Settings
from tests.support.clock import SharedClock
from tests.support.guests import Guest
from tests.support.people import ORIGIN, Town
from tests.support.people import town as town_of
from tests.support.polling import guard
from tests.support.provider import CLIENT, SECRET, Provider

pytestmark = [pytest.mark.processes, pytest.mark.slow]

VERSION = "9.13.3"
CALLBACK = f"{ORIGIN}/v1/auth/providers/school/callback"
PROGRAM = """
import { Provider } from "oidc-provider";
const [port, client_id, client_secret, redirect_uri] = process.argv.slice(2);
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ client_id, client_secret, redirect_uris: [redirect_uri] }],
  claims: { profile: ["name"] },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, name: "Grace" }) }),
  conformIdTokenClaims: false,
  pkce: { required: () => true },
});
provider.listen(port, "127.0.0.1", () => console.log("listening"));
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package; skips where there is no Node, or no registry."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("there is no Node on this machine: install it with `apt-get install nodejs npm`")
    folder = tmp_path_factory.mktemp("oidc-provider")
    command = ["npm", "install", "--no-audit", "--no-fund", f"oidc-provider@{VERSION}"]
    if (done := subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)).returncode:
        pytest.skip(f"npm cannot install oidc-provider: {done.stderr.strip()[-200:]}")
    (folder / "provider.mjs").write_text(PROGRAM)
    return folder


@pytest.fixture
async def school(package: Path) -> AsyncIterator[Provider]:
    """Where the provider listens, and how the settings name it."""
    found = Provider(port=free_port())
    arguments = ("node", "provider.mjs", str(found.port), CLIENT, SECRET, CALLBACK)
    process = await asyncio.create_subprocess_exec(
        *arguments, cwd=package, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout is not None
    try:
        async with guard():
            while b"listening" not in (line := await process.stdout.readline()):
                assert line, "it has ended"
        yield found
    finally:
        process.terminate()
        await process.wait()


@pytest.fixture
async def town(settings: Settings, school: Provider) -> AsyncIterator[Town]:
    """A campus with this provider."""
    there = settings.model_copy(update={"oidc_providers": json.dumps([school.settings()])})
    async with town_of(SharedClock.of(there)) as town:
        yield town


async def agreed(url: str, person: str) -> str:
    """A person signs in on the pages of the provider and agrees; where the browser is sent back to."""
    async with httpx.AsyncClient() as browser:
        answer = await browser.get(url)
        while not (onward := urljoin(str(answer.url), answer.headers.get("location", ""))).startswith(CALLBACK):
            if answer.is_redirect:
                answer = await browser.get(onward)
                continue
            assert answer.status_code == 200, answer.text
            action = re.search(r'action="([^"]+)"', answer.text)
            prompt = re.search(r'name="prompt" value="([^"]+)"', answer.text)
            assert action is not None, answer.text
            assert prompt is not None, answer.text
            form = {"prompt": prompt[1], "login": person, "password": "any"}
            answer = await browser.post(urljoin(url, action[1]), data=form)
        return str(onward)


async def test_a_certified_provider_signs_people_in(town: Town, school: Provider) -> None:
    """For the first time and again, with a name; a step-up has the person sign in once more; a code is good once."""
    people = []
    for person in ("grace", "grace", "ada"):
        guest = Guest(town.client)
        back = httpx.URL(await agreed(await guest.begin(school), person))
        answer = await guest.come_back(school, dict(back.params))
        assert (answer.status_code, answer.headers.get("location")) == (303, "/account/connected"), answer.text
        session = await town.app.state.services.people.sessions.find(guest.token)
        people.append(session.learner_id)
        again = await guest.come_back(school, dict(back.params))
        assert again.status_code == 403
    assert people[0] == people[1] != people[2]
    (listed,) = (await guest.get("/auth/identities")).json()["identities"]
    assert listed["label"] == "Grace"
    body = {"identity_id": listed["identity_id"]}
    assert (await guest.post("/auth/identities/unlink", body)).json()["code"] == "step_up_needed"
    back = httpx.URL(await agreed(await guest.begin(school, "/auth/confirm/provider"), "ada"))
    assert (await guest.come_back(school, dict(back.params))).status_code == 303
    assert (await guest.post("/auth/identities/unlink", body)).json()["code"] == "last_way_in"
