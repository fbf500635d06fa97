"""`campus projections`: how far, whether right, what waits, and trying it again."""

import asyncio
import json
from typing import Any

from adapters.settings import PREFIX, Settings
from projections.registry import PROJECTIONS
from tests.cli.campus import campus
from tests.workers.campus import caught_up, projecting, writer

NAMES = [projection.name for projection in PROJECTIONS]


async def projections(settings: Settings, *arguments: str) -> tuple[int, str, str]:
    """Exit code and output of `campus projections …`."""
    fields = ("name", "postgres_url", "nats_url", "valkey_url", "token_secret")
    env = {PREFIX + field.upper(): str(getattr(settings, field)) for field in fields}
    done = await asyncio.to_thread(campus, "projections", *arguments, env=env)
    return done.returncode, done.stdout, done.stderr


async def answer(settings: Settings, *arguments: str) -> tuple[int, Any]:
    """Exit code and JSON of `campus projections … --json`."""
    code, out, err = await projections(settings, *arguments, "--json")
    assert out, err
    return code, json.loads(out)


async def test_a_true_campus(settings: Settings) -> None:
    """Every read model is at the head and as the log says."""
    async with writer(settings) as facts, projecting(settings, PROJECTIONS):
        await facts.record_many(200)
        await caught_up(settings, 200, PROJECTIONS)
        code, status = await answer(settings, "status")
        assert code == 0
        assert sorted(each["name"] for each in status["projections"]) == sorted(NAMES)
        for each in status["projections"]:
            assert (each["position"], each["lag_events"], each["lag_seconds"], each["parked"]) == (200, 0, 0.0, 0)
            assert each["heartbeat_seconds"] < 3
        code, report = await answer(settings, "verify")
        assert (code, report["ok"]) == (0, True)
        assert [each["name"] for each in report["projections"]] == NAMES
        assert all(each["digest_live"] == each["digest_log"] and each["ok"] for each in report["projections"])
        assert await answer(settings, "parked") == (0, {"parked": []})
        code, table, progress = await projections(settings, "verify", "overview")
        assert code == 0
        assert "as the log says" in table
        assert "folding the log: 200 facts" in progress


async def test_a_parked_key_is_shown_and_tried_again(settings: Settings) -> None:
    """What waits is listed with its error; verify says no; a read model that never saw the fact says yes."""
    async with writer(settings) as facts, projecting(settings, PROJECTIONS):
        await facts.record_many(20)
        await facts.record_nonsense("ann")
        await facts.record_many(20)
        await caught_up(settings, facts.head, PROJECTIONS)
        code, report = await answer(settings, "verify", "overview")
        (verdict,) = report["projections"]
        assert (code, report["ok"], verdict["parked"]) == (1, False, ["ann"])
        assert verdict["digest_live"] == verdict["digest_log"]
        assert (await answer(settings, "verify", "catalog"))[0] == 0
        code, listed = await answer(settings, "parked", "overview")
        (parked,) = listed["parked"]
        assert (parked["key"], parked["first_position"], parked["attempts"]) == ("ann", 21, 1)
        assert parked["error"].startswith("KeyError")
        code, left = await answer(settings, "retry", "overview", "--key", "ann")
        assert (code, left["ok"], left["parked"][0]["attempts"]) == (1, False, 2)


async def test_a_failure_is_one_sentence(settings: Settings) -> None:
    """A wrong name, and a campus without a projector."""
    code, _, said = await projections(settings, "verify", "grades")
    assert code == 1
    assert "no read model is called grades; there are catalog, learner_dashboard" in said
    code, _, said = await projections(settings, "verify", "overview")
    assert code == 1
    assert "the read model overview has not been built yet: is a projector running?" in said
