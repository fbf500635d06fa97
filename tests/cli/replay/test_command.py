"""`campus replay` and `campus projections step` off a terminal."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

import projections.gradebook
from adapters.settings import Settings
from cli.up.plan import variables
from domain.fact import Fact
from projections.engine.steps import patched
from projections.gradebook import Gradebook
from tests.support.appends import opened
from tests.support.campus_up import campus
from tests.support.projections_command import projections as command
from tests.support.projections_command import refusal
from tests.support.shop import keep_busy
from tests.support.usecases import RUN, Campus
from workers.seeding import seed


async def run(settings: Settings, *arguments: str) -> str:
    """What `campus replay` prints."""
    done = await asyncio.to_thread(campus, "replay", *arguments, env=variables(settings))
    assert done.returncode == 0, done.stderr
    return done.stdout


async def facts_of(settings: Settings) -> list[Fact]:
    """The facts of a small demo campus with a shop."""
    await seed(settings, 3)
    async with opened(settings) as log:
        await keep_busy(Campus(log))
        return await log.read(0, await log.head())


def stricter(directory: Path) -> Path:
    """A copy of the rule of the gradebook by which a score counts half."""
    source = Path(projections.gradebook.__file__).read_text()
    score = "rounded_bp(score.points, score.possible)"
    assert score in source
    changed = source.replace(score, f"{score} // 2")
    rule = directory / "stricter.py"
    rule.write_text(changed.replace(f"version = {Gradebook.version}", f"version = {Gradebook.version + 1}"))
    return rule


async def test_a_history_is_printed_step_by_step(settings: Settings, tmp_path: Path) -> None:
    """Each fact with the values before and after; as JSON Patch; of an order and of a run; and by a changed rule."""
    facts = await facts_of(settings)
    attempts = {"attempt.submitted", "attempt.graded"}
    graded = next(fact for fact in facts if fact.type == "attempt.graded" and fact.data["points"])
    learner = graded.key
    printed = await run(settings, learner, "--view", "gradebook")
    own = [fact for fact in facts if fact.key == learner and fact.type in attempts]
    heads = [line for line in printed.splitlines() if not line.startswith(" ")]
    assert [line.split()[0] for line in heads] == [f"{fact.position:,}" for fact in own]
    assert "/best_bp: null -> " in printed

    documents: dict[str, Any] = {}
    for line in (await run(settings, learner, "--view", "gradebook", "--json")).splitlines():
        for change in json.loads(line)["changes"]:
            documents[change["document"]] = patched(documents.get(change["document"]), change["patch"])
    grade = f"gradebook/{graded.data['run_id']},{graded.id('quiz_id')},{learner}"
    assert documents[grade]["best_bp"] is not None
    assert "orders/ann,o1 new: " in await run(settings, "--order", "o1", "--view", "orders")
    assert f"catalog_runs/{RUN} new: " in await run(settings, "--run", RUN)

    rule = stricter(tmp_path)
    other = await run(settings, learner, "--rule", str(rule))
    best = documents[grade]["best_bp"]
    assert f"!= {grade} /best_bp: today {best}, changed {best // 2}" in other
    lines = [json.loads(line) for line in (await run(settings, learner, "--rule", str(rule), "--json")).splitlines()]
    differing = [each for line in lines[:-1] for each in line["differs"] if each["path"] == "/best_bp"]
    assert {"document": grade, "path": "/best_bp", "today": best, "changed": best // 2} in differing
    assert f"{lines[-1]['values_that_differ']:,} values differ at the end" in other
    assert {fact.type for fact in await since(settings, len(facts))} == {"record.viewed"}  # that it was looked at

    code, out, _ = await command(settings, "step", "gradebook", "--key", learner, "--json")
    steps = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [each["position"] for each in steps if each["type"] in attempts] == [fact.position for fact in own]
    (last,) = (each["rows"] for each in steps if each["position"] == graded.position)
    assert last[0]["before"]["best_bp"] is None
    assert last[0]["after"]["best_bp"] == best
    looks = [fact.data["what"] for fact in await since(settings, len(facts))]
    assert looks[-1] == f"campus projections step gradebook --key {learner}"


async def since(settings: Settings, position: int) -> list[Fact]:
    """The facts after a position."""
    async with opened(settings) as log:
        return await log.read(position, 1_000)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "give a learner, an --order or a --run"),
        (("ann", "--order", "o1"), "give a learner, an --order or a --run"),
        (("--order", "none"), "there is no order none"),
        (("ann", "--view", "marks"), "no view marks"),
        (("ann", "--view", "course_weeks"), "`campus why course_weeks RUN_ID,WEEK FIELD --by day` says what each day"),
        (("ann", "--to", "soon"), "--to"),
        (("ann", "--to", "99"), "the log ends at position 0"),
    ],
)
def test_what_cannot_be_played_is_said(settings: Settings, arguments: tuple[str, ...], says: str) -> None:
    """With what to type."""
    refused = campus("replay", *arguments, env=variables(settings))
    assert refused.returncode == 1
    assert says in " ".join(refused.stderr.split())


async def test_a_key_without_facts(settings: Settings) -> None:
    """It says what a key is."""
    assert "a key is a learner" in await refusal(settings, "step", "gradebook", "--key", "zoe")
