"""The desk of analysts: how the read models are, what there is in the log, and rebuilding by a form."""

import re

import pytest

from domain.registry import FACTS
from tests.support.pages import Reader, text_of
from tests.support.people import Town
from web.analyze.facts import described
from web.analyze.home import served

PAGES = ("/analyze", "/analyze/jobs", "/analyze/facts", "/analyze/projections/gradebook")


def generation(number: int, status: str, name: str = "gradebook") -> dict[str, object]:
    """A generation as the API says it, in short."""
    return {"name": name, "generation": number, "status": status}


def test_a_read_model_is_a_row_with_what_stands_beside_it() -> None:
    """What was served before is not listed there."""
    beside = [generation(1, "retired"), generation(2, "live"), generation(3, "ready")]
    rows = served([*beside, generation(1, "building", "x")])
    assert [(row["name"], row["generation"], len(row["others"])) for row in rows] == [("gradebook", 2, 1), ("x", 1, 0)]


def test_every_fact_is_in_the_catalog() -> None:
    """With types that people can read, and marks at what is sealed."""
    kinds = {field.kind for name in FACTS for field in described(name).fields}
    assert not [kind for kind in kinds if re.search(r"[\[\]<>]|domain\.", kind)]
    withdrawn = described("enrollment.withdrawn")
    assert [(field.name, field.kind, field.sealed) for field in withdrawn.fields] == [("reason", "text", True)]
    assert "overview" in withdrawn.folded_by
    assert described("user.registered").fields[0].sealed


async def test_the_desk_is_for_who_may_see_read_models(town: Town, ada: Reader) -> None:
    """Others get a page that says so."""
    for path in (*PAGES, "/analyze/parked", "/analyze/facts/attempt.graded"):
        refused = await ada.get(path)
        assert refused.status_code == 403, path
        assert "not open to you" in text_of(refused), path
    assert (await Reader(town).get("/analyze")).headers["location"] == "/signin?next=/analyze"


@pytest.mark.usefixtures("lively")
async def test_an_analyst_asks_for_a_rebuild(town: Town) -> None:
    """With a reason; what needs another role says so within the desk."""
    analyst = Reader(town)
    await analyst.send("/signin/sample", {"person": "analyst"})
    for path in PAGES:
        assert "Parked keys" in text_of(await analyst.once_built(path)), path
    model = "/analyze/projections/gradebook"
    without = await analyst.send(f"{model}/rebuild", {"reason": ""})
    assert without.status_code == 422, text_of(without)
    sent = await analyst.send(f"{model}/rebuild", {"reason": "<b>late</b> days"})
    assert sent.status_code == 303, text_of(sent)
    job = text_of(await analyst.follow(sent))
    assert "Rebuild: gradebook" in job
    assert "How far it is" in job
    assert "Rebuild" in text_of(await analyst.get("/analyze/jobs"))
    parked = await analyst.get("/analyze/parked")
    assert parked.status_code == 403
    assert "auditors and admins see them" in text_of(parked)
    assert (await analyst.get("/analyze/projections/nothing")).status_code == 404
    assert (await analyst.get("/analyze/facts/no.such")).status_code == 404
    found = text_of(await analyst.get("/analyze/facts?q=withdrawn&context=enrollment"))
    assert "enrollment.withdrawn" in found
    assert "enrollment.activated" not in found
