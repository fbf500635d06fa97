"""`campus projections parked`: what waits at a fact that fails, tried again or done without."""

import asyncio
import re

import pytest

from adapters.settings import Settings
from cli.doctor import examine
from projections.overview import Overview
from tests.support.projections_command import answer, done, projections, refusal, small_campus
from tests.workers.projecting.test_parked_reference import COURSE, publish
from workers.projecting import generation_writer


async def test_a_parked_key_is_shown_and_tried_again(settings: Settings) -> None:
    """What waits is listed with its error; verify says no; a read model that never saw the fact says yes."""
    async with small_campus(settings, 20) as log:
        assert await answer(settings, "parked") == (0, {"parked": []})
        assert (await projections(settings, "parked"))[1].strip() == "nothing is parked"
        await log.record_nonsense("ann")
        await log.record_many(20)
        await reached(settings, log.head)
        code, report = await answer(settings, "verify", "overview")
        (verdict,) = report["projections"]
        assert (code, report["ok"], verdict["parked"]) == (1, False, ["ann"])
        assert verdict["digest_live"] == verdict["digest_log"]
        assert (await answer(settings, "verify", "catalog"))[0] == 0
        code, listed = await answer(settings, "parked", "overview")
        (parked,) = listed["parked"]
        assert (parked["key"], parked["first_position"], parked["attempts"]) == ("ann", 21, 1)
        assert parked["error"].startswith("KeyError")
        assert "Traceback" not in (await projections(settings, "parked", "overview"))[1]
        assert "Traceback" in (await projections(settings, "parked", "overview", "--trace"))[1]
        code, left = await answer(settings, "parked", "retry", "overview", "--key", "ann")
        assert (code, left["ok"], left["parked"][0]["attempts"]) == (1, False, 2)


async def test_what_waits_is_told_by_error(settings: Settings) -> None:
    """However many keys wait at one line: its place, one trace, some keys, and how many more; JSON has them all."""
    async with small_campus(settings, 20) as log:
        for number in range(30):
            await log.record_nonsense(f"learner-{number}")
        await reached(settings, log.head)
        _, shown, _ = await projections(settings, "parked", "overview")
        head = next(line for line in shown.splitlines() if "keys" in line)
        assert re.fullmatch(r"overview 1, version \d+: 30 keys: KeyError: '\w+' at projections/overview.py:\d+", head)
        assert (shown.count(" progress."), "and 10 more: `--limit 30` lists them" in shown) == (20, True)
        _, shown, _ = await projections(settings, "parked", "overview", "--trace", "--limit", "2")
        assert (shown.count("at position"), shown.count(" progress."), "and 28 more" in shown) == (1, 2, True)
        assert len((await answer(settings, "parked", "overview"))[1]["parked"]) == 30


async def test_many_keys_are_tried_again_without_holding_anything_up(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In spells, between which facts that come are folded; the command waits until all were tried."""
    monkeypatch.setattr(generation_writer, "RETRY_SPELL", 0.0)  # of one key
    async with small_campus(settings, 20) as log:
        for number in range(30):
            await log.record_nonsense(f"learner-{number}")
        await reached(settings, log.head)
        retrying = asyncio.create_task(answer(settings, "parked", "retry", "overview"))
        while not retrying.done():
            await log.record_many(20)
            await reached(settings, log.head)
        code, left = await retrying
        assert (code, {row["attempts"] for row in left["parked"]}, len(left["parked"])) == (1, {2}, 30)


async def test_a_fact_can_be_done_without(settings: Settings) -> None:
    """With a reason that others can read; then nothing waits, the log agrees, and the account says `skipped`."""
    async with small_campus(settings, 20) as log:
        await log.record_nonsense("ann")
        await log.record(("ann", "click", 5))
        await reached(settings, log.head)
        code, report = await answer(
            settings, "parked", "skip", "overview", "--key", "ann", "--reason", "a broken import"
        )
        assert (code, report["ok"], report["positions"], report["parked"]) == (0, True, [21], [])
        assert (await answer(settings, "parked", "overview"))[1] == {"parked": []}
        _, listed = await answer(settings, "parked", "skipped")
        (skipped,) = listed["skipped"]
        assert (skipped["projection"], skipped["version"], skipped["position"]) == ("overview", Overview.version, 21)
        assert (skipped["key"], skipped["reason"], skipped["skipped_by"]) == ("ann", "a broken import", report["by"])
        assert "a broken import" in (await projections(settings, "parked", "skipped", "overview"))[1]
        assert (await answer(settings, "verify", "overview"))[0] == 0
        _, state = await answer(settings, "status", "overview")
        account = state["projections"][0]["account"]
        assert (account["skipped"], account["parked"], account["adds_up"]) == (1, 0, True)


async def test_a_key_that_fails_again_behind_the_skipped_fact_is_told(settings: Settings) -> None:
    """The answer is no, with the position at which it waits now."""
    async with small_campus(settings, 20) as log:
        await log.record_nonsense("ann")
        await log.record_nonsense("ann")
        await reached(settings, log.head)
        arguments = ("parked", "skip", "overview", "--key", "ann", "--reason", "a broken import")
        code, report = await answer(settings, *arguments)
        assert (code, report["ok"], report["parked"][0]["failed_position"]) == (1, False, 22)
        code, report = await answer(settings, *arguments)
        assert (code, report["ok"], report["positions"]) == (0, True, [22])


async def test_only_the_fact_that_was_looked_at_is_done_without(settings: Settings) -> None:
    """Who names its position is refused if the key fails at another one, and if nothing is parked in a generation."""
    async with small_campus(settings, 20) as log:
        await log.record_nonsense("ann")
        await reached(settings, log.head)
        skip = ("parked", "skip", "overview", "--key", "ann", "--reason", "a broken import")
        assert "21 progress." in (await projections(settings, "parked", "overview"))[1]
        assert "ann fails at position 21 of overview" in await refusal(settings, *skip, "--position", "20")
        assert "parked in generation 2 of overview" in await refusal(settings, *skip, "--generation", "2")
        assert (await answer(settings, "parked", "skipped"))[1] == {"skipped": []}
        code, report = await answer(settings, *skip, "--position", "21")
        assert (code, report["positions"]) == (0, [21])


@pytest.mark.slow
async def test_a_course_is_made_good_by_a_rebuild_only(settings: Settings) -> None:
    """Every command that meets it says so, and doctor too."""
    sentence = f"{COURSE} cannot be healed in place, rows of other keys may depend on it: rebuild catalog"
    async with small_campus(settings, 20):
        await reached(settings, await publish(settings, 1))
        assert sentence in (await projections(settings, "parked", "catalog"))[1]
        said = await refusal(settings, "parked", "retry", "catalog", "--key", COURSE)
        assert sentence in said
        code, left = await answer(settings, "parked", "retry", "catalog")
        (waiting,) = left["parked"]
        assert (code, waiting["key"], waiting["needs_rebuild"], waiting["attempts"]) == (1, COURSE, True, 1)
        (found,) = [finding for finding in await examine(settings) if finding["name"] == "parked"]
        assert "rows of other keys may depend on it: rebuild" in found["detail"]
        assert "campus projections rebuild catalog" in found["hint"]
        skip = ("parked", "skip", "catalog", "--key", COURSE, "--reason", "a broken import")
        code, out, _ = await projections(settings, *skip)
        assert (code, sentence in out, "fails at a later one" in out) == (1, True, False)
        await done(settings, "rebuild", "catalog")
        await done(settings, "promote", "catalog")
        _, listed = await answer(settings, "parked", "catalog")
        assert {row["generation"] for row in listed["parked"]} == {1}


async def test_what_is_not_parked_can_be_neither_tried_nor_skipped(settings: Settings) -> None:
    """Nor can anything be skipped without a reason."""
    async with small_campus(settings, 20):
        for arguments in (("retry",), ("skip", "overview", "--reason", "because")):
            said = await refusal(settings, "parked", *arguments, "--key", "bob")
            assert "nothing of bob is parked" in said
        assert "say why" in await refusal(settings, "parked", "skip", "overview", "--key", "ann", "--reason", " ")
        assert await answer(settings, "parked", "retry") == (0, {"ok": True, "parked": []})


async def reached(settings: Settings, head: int) -> None:
    """Wait until every read model has seen the log up to *head*."""
    from projections.registry import PROJECTIONS
    from tests.support.workers import caught_up

    await caught_up(settings, head, PROJECTIONS)
