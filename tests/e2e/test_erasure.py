"""A person is erased from a running campus: afterwards no byte on disk says what was said about or by that person."""

import asyncio
import json
import re
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from redis import Redis

from adapters.auth.identities import Identities, Identity
from adapters.command_bus.bus import Bus
from adapters.dossier.verifier.checks import check
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from commands.auth import LinkIdentity
from commands.log import Context
from commands.payment.payments import RecordCapture
from tests.support.api import Campus
from tests.support.campus_up import RunningCampus, campus
from tests.support.canaries import Canaries
from tests.support.dossiers import unzipped
from tests.support.people import PASSWORD, Browser
from tests.support.polling import until

pytestmark = [pytest.mark.processes, pytest.mark.slow]

TAG = secrets.token_hex(6)
WORDS = (*("withdrawal", "override", "outcome", "gift", "revocation", "cancellation", "refund", "look", "dossier"),)
TEXTS = {
    "email": f"canary.{TAG}@example.org",
    "first name": f"Canaria {TAG}",
    "name": f"Wilhelmine {TAG}",
    "language": f"en-{TAG[:8]}",
    "time zone": "Antarctica/Troll",
    "subject": f"subject-{TAG}",
    "label": f"Canaria at school {TAG}",
    **{each: f"{each} since Canaria has said {TAG}{number}" for number, each in enumerate(WORDS)},
}
TITLE = f"Of birds {TAG[::-1]}"
"""The title of the course, which stays: where it is not found, a name would not be found either."""
FROM_HERE = {"sec_fetch_site": "same-origin"}
SHOWS_TITLES = {"postgres", "nats", "valkey", "exported", "dump", "wal"}


def kept(running: RunningCampus) -> dict[str, Any]:
    """The ports and passwords that the campus has drawn."""
    found: dict[str, Any] = json.loads((running.data_dir / "run" / "secrets.json").read_text())
    return found


class Life:
    """A person on a campus, and what the staff do."""

    def __init__(self, running: RunningCampus, client: httpx.AsyncClient) -> None:
        self.running, self.staff, self.browser = running, Campus(client), Browser(client)
        self.settings = Settings.load(running.data_dir)
        self.learner = ""

    async def send(self, path: str, body: dict[str, Any]) -> int:
        """A command of the person, from a browser."""
        answer = await self.browser.post(path, body, **FROM_HERE)
        assert answer.status_code == 202, answer.text
        position: int = answer.json()["position"]
        return position

    async def register(self) -> None:
        """By the link of the mail."""
        body = {"email": TEXTS["email"], "language": TEXTS["language"], "time_zone": TEXTS["time zone"]}
        assert (await self.browser.post("/auth/register", body, **FROM_HERE)).status_code == 200
        inbox = f"http://127.0.0.1:{kept(self.running)['inbox_port']}/messages"
        links: list[str] = []

        async def has_come() -> bool:
            for mail in (await self.staff.client.get(inbox, params={"to": TEXTS["email"]})).json():
                links.extend(re.findall(r"#(\S+)", mail["text"]))
            return bool(links)

        await until(has_come)
        choice = {"token": links[0], "password": PASSWORD, "display_name": TEXTS["first name"]}
        answer = await self.browser.post("/auth/complete", choice, **FROM_HERE)
        assert answer.status_code == 200, answer.text
        self.learner = answer.json()["learner_id"]
        await self.send("/me/account/profile", {"display_name": TEXTS["name"]})

    async def connect(self) -> None:
        """An account elsewhere."""
        log = await PostgresLog.open(self.settings)
        issuer, of_provider = "https://sign-in.example", (TEXTS["subject"], TEXTS["label"])
        try:
            row = Identity("i1", self.learner, issuer, *of_provider, log.clock.now(), None)
            assert await Identities(log.link, log.keys).take(row, None)
            await Bus(log).handle(LinkIdentity(self.learner, "i1", issuer), Context(self.learner, log.clock.now()))
        finally:
            await log.close()

    async def learn(self) -> None:
        """On a course, with an attempt whose grade is overridden, up to the withdrawal."""
        staff, quiz = self.staff, f"/quizzes/{self.staff.quiz}/attempts/1"
        await self.send("/enrollments", {"run_id": staff.run})
        await self.send("/progress/activities", {"run_id": staff.run, "unit_id": "intro", "kind": "click", "amount": 3})
        position = await self.send(f"{quiz}/submit", {"responses": [1, -1]})

        async def is_graded() -> bool:
            book = await staff.see(f"/runs/{staff.run}/gradebook", position)
            return [row["best_bp"] for row in book["items"]] == [5_000]

        await until(is_graded)
        of = {"learner_id": self.learner}
        await staff.send(f"{quiz}/override", {**of, "score_bp": 2_500, "reason": TEXTS["override"]}, user="instructor")
        outcome = {**of, "run_id": staff.run, "outcome": "fail", "reason": TEXTS["outcome"]}
        await staff.send("/progress/outcomes", outcome, user="instructor")
        await self.send("/enrollments/withdraw", {"run_id": staff.run, "reason": TEXTS["withdrawal"]})

    async def buy(self) -> None:
        """An order that is cancelled, one that is paid and given back, a gift that is taken away."""
        staff, product = self.staff, f"p-{self.staff.tag}"
        body = {"product_id": product, "title": "A course", "kind": "run", "run_id": staff.run}
        await staff.send("/products", body, user="admin")
        await staff.send(f"/products/{product}/prices", {"currency": "EUR", "amount": 4_900}, user="admin")
        orders = []
        for number in range(2):
            answer = await self.browser.post("/orders", {"product_id": product, "currency": "EUR"}, **FROM_HERE)
            assert answer.status_code == 202, answer.text
            orders.append(answer.json()["order_id"])
            if number == 0:
                await self.send(f"/orders/{orders[0]}/cancel", {"reason": TEXTS["cancellation"]})
        log = await PostgresLog.open(self.settings)
        try:
            paid = RecordCapture(self.learner, f"{orders[1]}.1", 4_900, "EUR")
            await Bus(log).handle(paid, Context("dispatcher", log.clock.now()))
        finally:
            await log.close()
        await staff.send(f"/orders/{orders[1]}/refunds", {"reason": TEXTS["refund"]}, user="admin")
        gift = {"learner_id": self.learner, "runs": [staff.run], "reason": TEXTS["gift"], "entitlement_id": "gift"}
        await staff.send("/entitlements", gift, user="admin")
        revoke = f"/learners/{self.learner}/entitlements/gift/revoke"
        await staff.send(revoke, {"reason": TEXTS["revocation"]}, user="admin")

    async def be_looked_at(self) -> bytes:
        """By the person, as a page and as a stream, and by auditors, now, as of another moment and in a dossier."""
        staff, of_learner = self.staff, f"/learners/{self.learner}"
        for path in ("/me/dashboard", "/me/account", f"{of_learner}/history", "/me/entitlements"):
            assert (await self.browser.get(path)).status_code == 200
        async with staff.client.stream("GET", "/v1/me/events", headers=self.browser.cookie) as events:
            assert events.status_code == 200
            await anext(events.aiter_bytes())
        for known_at in (None, 5):
            asked = {"reason": TEXTS["look"]} | ({} if known_at is None else {"known_at": known_at})
            assert (await staff.get(f"{of_learner}/dashboard", user="auditor", **asked)).status_code in (200, 404)
        await staff.get("/overview", known_at=20)
        shown = (await staff.get(f"{of_learner}/history", user="auditor", limit=200)).text
        assert all(TEXTS[each] in shown for each in ("withdrawal", "override", "refund", "gift", "look"))
        assert TEXTS["name"] not in shown
        headers = await staff.as_user("auditor")
        path = f"/v1{of_learner}/dossiers"
        asked_for = (await staff.client.post(path, params={"reason": TEXTS["dossier"]}, headers=headers)).json()
        ready = await staff.until_answer(
            asked_for["url"].removeprefix("/v1"), lambda found: "done_at" in found, user="auditor"
        )
        return (await staff.get(ready["file_url"].removeprefix("/v1"), user="auditor")).content

    async def figures(self) -> Any:
        """What the campus counts, once every fact is counted."""
        history = await self.staff.get(f"/learners/{self.learner}/history")
        return (await self.staff.see("/overview", int(history.headers["campus-position"])))["campus"]

    async def be_erased(self) -> None:
        """Until the key is destroyed."""
        answer = await self.browser.post("/me/account/erase", {"password": PASSWORD}, **FROM_HERE)
        assert answer.status_code == 200, answer.text

        async def is_gone() -> bool:
            history = await self.staff.get(f"/learners/{self.learner}/history", order="desc", type="user.key_destroyed")
            return bool(history.json()["items"])

        await until(is_gone)


@pytest.fixture
async def life(running: RunningCampus) -> AsyncIterator[Life]:
    """A campus with a course, and a person who is about to register."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{running.port}", timeout=900) as client:
        found = Life(running, client)
        await found.staff.send("/courses", {"course_id": "birds", "title": TITLE}, user="admin")
        await found.staff.open_run()
        yield found


def on_disk(running: RunningCampus, canaries: Canaries, scratch: Path) -> dict[str, set[str]]:
    """What is found, after everything has been written to disk and tables beside the log were vacuumed."""
    settings = Settings.load(running.data_dir)
    owner = settings.postgres_owner_url or ""
    as_superuser = f"postgresql://postgres:{kept(running)['postgres']}@{owner.rpartition('@')[2]}"
    with psycopg.connect(as_superuser, autocommit=True) as superuser:
        for table in ("account_addresses", "passwords", "sessions", "failed_logins", "identities"):
            superuser.execute(f"VACUUM {settings.schema_name}.{table}".encode())
        superuser.execute(f"VACUUM FULL {settings.schema_name}.person_keys".encode())
        superuser.execute("CHECKPOINT")
    Redis.from_url(settings.valkey_url).save()
    found = canaries.on_disk(running.data_dir)
    found |= canaries.in_database(settings, as_superuser, scratch)
    found["wal"] = canaries.in_wal(running.data_dir / "postgres" / "data" / "pg_wal", scratch)
    return found


async def test_an_erased_person_is_in_no_byte_on_disk(running: RunningCampus, life: Life, tmp_path: Path) -> None:
    """
    Database files, WAL, a dump, Valkey, JetStream, logs, an export, the kept dossier: 0 hits, and so it was before.

    The key, wrapped, is gone from the table's files as well. Figures that count people stay, the log verifies, and so
    does the dossier of before.
    """
    await life.register()
    await life.connect()
    await life.learn()
    await life.buy()
    dossier = await life.be_looked_at()
    env = {"CAMPUS_DATA_DIR": str(running.data_dir)}
    exported = await asyncio.to_thread(campus, "log", "export", str(running.data_dir / "exported"), env=env)
    assert exported.returncode == 0, exported.stderr
    scratch = tmp_path / "before"
    scratch.mkdir()
    titles = on_disk(running, Canaries({"title": TITLE}), scratch)
    assert {where for where, names in titles.items() if names} >= SHOWS_TITLES, titles
    before = await life.figures()
    key = wrapped_key(life)
    await life.be_erased()

    canaries = Canaries(TEXTS)
    scratch = tmp_path / "after"
    scratch.mkdir()
    found = {where: names for where, names in on_disk(running, canaries, scratch).items() if names}
    assert found == {}
    of_key = Canaries({})
    of_key.add("key", key)
    tables = of_key.on_disk(running.data_dir / "postgres" / "data" / "base")
    assert not any(tables.values()), tables

    assert await life.figures() == before
    history = (await life.staff.get(f"/learners/{life.learner}/history", user="auditor", limit=200)).text
    assert "enrollment.withdrawn" in history
    assert TAG not in history
    assert check(unzipped(dossier)).wrong == []
    for command in (("log", "verify"), ("projections", "verify")):
        done = await asyncio.to_thread(campus, *command, env=env)
        assert done.returncode == 0, done.stdout + done.stderr


def wrapped_key(life: Life) -> bytes:
    """The key of the person, as the database keeps it."""
    with psycopg.connect(life.settings.postgres_owner_url or "") as owner:
        owner.execute(f"SET search_path TO {life.settings.schema_name}".encode())
        row = owner.execute("SELECT wrapped FROM person_keys WHERE learner_id = %s", (life.learner,)).fetchone()
    assert row is not None
    return bytes(row[0])
