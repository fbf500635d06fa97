"""`campus projections repair`: the rows of one learner recomputed from the log."""

from pathlib import Path

from adapters.parquet.export import export
from adapters.proofs.files import ProofFiles
from adapters.settings import Settings
from tests.support.appends import opened, query
from tests.support.exports import change
from tests.support.projections_command import answer, execute, projections, refusal, small_campus
from tests.support.proofs import beside, notarising, signed_up_to


async def test_a_learner_whose_rows_are_wrong_is_repaired(settings: Settings) -> None:
    """Verify names the row and why, repair makes it good, and verify agrees."""
    async with small_campus(settings) as log:
        await execute(settings, "UPDATE course_enrollments_g1 SET weeks = '[]' WHERE learner_id = 'learner-7'")
        code, report = await answer(settings, "verify", "course_dashboard")
        (verdict,) = report["projections"]
        assert (code, verdict["ok"], verdict["differing"]) == (1, False, 1)
        assert verdict["causes"][0]["key"] == ["run", "learner-7"]
        _, said, _ = await projections(settings, "verify", "course_dashboard")
        assert "course_enrollments run:learner-7: " in said
        code, done = await answer(settings, "repair", "course_dashboard", "--key", "learner-7")
        assert (code, done["projection"], done["generation"], done["key"]) == (0, "course_dashboard", 1, "learner-7")
        assert done["ok"]
        assert done["outcome"]
        (asked,) = await log.log.stream("projection-course_dashboard")
        assert (asked.type, asked.data["key"], asked.meta.role) == (
            "projection.repair_requested",
            "learner-7",
            "operator",
        )
        assert (await answer(settings, "verify", "course_dashboard"))[0] == 0


async def test_a_changed_fact_is_not_taken_over(settings: Settings, tmp_path: Path) -> None:
    """Compared with an export, a log in which a fact was changed repairs nothing; without, repair says so."""
    async with small_campus(settings):
        await export(settings, tmp_path / "out")
        arguments = ("repair", "course_dashboard", "--key", "learner-7")
        code, done = await answer(settings, *arguments, "--against", str(tmp_path / "out"))
        assert (code, done["ok"], done["not_checked"]) == (0, True, [])
        code, done = await answer(settings, *arguments)
        assert (code, "whether stored facts were changed" in done["not_checked"][0]) == (0, True)
        change(settings, "UPDATE events SET occurred_at = occurred_at - interval '9 day' WHERE position = 30")
        code, refused = await answer(settings, *arguments, "--against", str(tmp_path / "out"))
        assert (code, refused["ok"], refused["compared"]["differences"][0]["position"]) == (1, False, 30)


async def test_a_fact_that_is_not_the_one_that_was_signed_is_not_taken_over(settings: Settings, tmp_path: Path) -> None:
    """Nor one that is missing, nor any if the checkpoint is by another key; the rows stay as they are."""
    arguments = ("repair", "course_dashboard", "--key", "learner-7", "--data", str(tmp_path))
    stored = f"SELECT weeks FROM {settings.read_schema}.course_enrollments_g1 WHERE learner_id = 'learner-7'"
    moved = "UPDATE events SET occurred_at = occurred_at {} interval '9 day' WHERE position = {}"
    files = ProofFiles(beside(settings, tmp_path))
    async with small_campus(settings):
        async with opened(settings) as log:
            history, head = await log.history("learner-7"), await log.head()
        first = next(fact for fact in history if fact.stream_version == 1 and fact.stream_id == history[-1].stream_id)
        assert first != history[-1]
        async with notarising(beside(settings, tmp_path)):
            await signed_up_to(settings, head)
        before = await query(settings, stored)
        code, done = await answer(settings, *arguments)
        assert (code, done["ok"], done["not_checked"]) == (0, True, [])
        change(settings, moved.format("-", first.position))
        code, refused = await answer(settings, *arguments)
        assert (code, refused["ok"], refused["changed"]) == (1, False, [first.position])
        _, said, _ = await projections(settings, *arguments)
        assert f"the fact at position {first.position:,} is not the one that was signed" in said
        change(settings, moved.format("+", first.position))
        assert (await answer(settings, *arguments))[0] == 0
        change(settings, f"DELETE FROM events WHERE position = {first.position}")
        code, refused = await answer(settings, *arguments)
        assert (code, refused["torn"]) == (1, [first.stream_id])
        files.add_key()
        files.retire_keys()
        code, refused = await answer(settings, *arguments)
        assert (code, "says nothing: no known key has signed" in refused["outcome"]) == (1, True)
        assert await query(settings, stored) == before


async def test_what_cannot_be_repaired_is_refused(settings: Settings) -> None:
    """A read model that was never built, one without rows of single learners, and an unknown learner."""
    assert "has not been built yet" in await refusal(settings, "repair", "overview", "--key", "ann")
    async with small_campus(settings):
        assert "no table of catalog has rows of single keys" in await refusal(
            settings, "repair", "catalog", "--key", "ann"
        )
        code, found = await answer(settings, "repair", "overview", "--key", "nosuchlearner")
        said = "there is no fact of nosuchlearner that overview has to read"
        assert (code, found["ok"], found["outcome"]) == (1, False, said)
