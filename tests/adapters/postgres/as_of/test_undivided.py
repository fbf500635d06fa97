"""Why a field of a read model has its value that is not divided by key, as an analyst's own is."""

import json
from pathlib import Path

from adapters.personal.opening import with_words
from adapters.postgres.as_of.undivided import explain_undivided
from adapters.postgres.as_of.why import place_of
from adapters.settings import Settings
from campuslog.definition import load_projection, prepared
from cli.up.plan import variables
from domain.fact import Fact
from projections.engine.moment import Moment
from tests.support.appends import opened
from tests.support.campus_up import campus
from tests.support.shop import keep_busy
from tests.support.usecases import Campus
from workers.seeding import seed

OWN = Path(__file__).parents[4] / "docs" / "examples" / "late_learners.py"


async def test_a_field_of_an_own_read_model_is_explained(settings: Settings) -> None:
    """By the facts of the log that changed it, as of now and by what had happened; by the command, which is a look."""
    await seed(settings, 4)
    async with opened(settings) as log:
        await keep_busy(Campus(log))
        facts = await log.read(0, await log.head())
        handed_in: dict[tuple[str, str], list[Fact]] = {}
        for fact in facts:
            if fact.type == "attempt.submitted":
                handed_in.setdefault((fact.data["run_id"], fact.key), []).append(fact)
        (run_id, learner_id), own = max(handed_in.items(), key=lambda each: len(each[1]))
        projection = prepared(load_projection(OWN))
        place = place_of([projection], "late_learners", f"{run_id},{learner_id}", "submitted")
        assert (place.is_undivided, place.learner_id) == (True, learner_id)
        moment = Moment(len(facts), facts[-1].recorded_at)
        passed: list[int] = []
        watched = (await explain_undivided(settings, log, place, moment, passed.append)).watched
        assert (watched.value, watched.touching, sum(passed)) == (len(own), len(own), len(facts))
        assert [change.fact for change in watched.changes] == own
        assert [(change.before, change.after) for change in watched.changes] == [(n, n + 1) for n in range(len(own))]
        assert [each.name for each in watched.ran["attempt.submitted"]] == ["submitted"]
        then = moment._replace(valid_at=own[0].occurred_at)
        by_then = [fact for fact in own if fact.occurred_at <= own[0].occurred_at]
        assert (await explain_undivided(settings, log, place, then, passed.append)).watched.value == len(by_then)
    asked = ("late_learners", f"{run_id},{learner_id}", "submitted", "--rule", str(OWN), "--reason", "ticket 4711")
    shown = campus("why", *asked, "--json", env=variables(settings))
    found = json.loads(shown.stdout)
    assert [each["position"] for each in found["items"]] == [fact.position for fact in own], shown.stderr
    assert [each["actor"] for each in found["items"]] == [fact.meta.actor for fact in own]
    assert found["rule"]["projection"] == "late_learners"
    async with opened(settings) as log:
        (look,) = await with_words(log.keys, await log.read(len(facts), 10))
    assert (look.key, look.data["reason"]) == (learner_id, "ticket 4711")
    refused = campus("why", *asked[:4], str(OWN.parent / "none.py"), env=variables(settings))
    assert (refused.returncode, "there is no file" in refused.stderr) == (1, True)
