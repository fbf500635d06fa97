"""The desk of analysts: how the read models are, what there is in the log, and rebuilding by a form."""

import re

import pytest

from domain.registry import FACTS
from tests.support.pages import Reader, text_of
from tests.support.people import Town
from web.analyze.facts import described
from web.analyze.home import served
from web.analyze.jobs import segments_of
from web.graphs import Node, layered

PAGES = ("/analyze", "/analyze/jobs", "/analyze/facts", "/analyze/projections/gradebook")


def generation(number: int, status: str, name: str = "gradebook") -> dict[str, object]:
    """A generation as the API says it, in short."""
    return {"name": name, "generation": number, "status": status}


def test_a_read_model_is_a_row_with_what_stands_beside_it() -> None:
    """What was served before is not listed there."""
    beside = [generation(1, "retired"), generation(2, "live"), generation(3, "ready")]
    rows = served([*beside, generation(1, "building", "x")])
    assert [(row["name"], row["generation"], len(row["others"])) for row in rows] == [("gradebook", 2, 1), ("x", 1, 0)]


def test_segments_are_as_far_as_the_pass_over_the_log_or_as_their_own_rows() -> None:
    """Those of the generation that is built; of an older one where it was promoted."""
    own = {"generation": 2, "status": "building", "position": 0, "lag_events": 100, "segment": 0}
    others = [own, {**own, "segment": 1, "position": 60, "lag_events": 40}, {**own, "generation": 1, "status": "live"}]
    job = {"generation": None, "ended_at": None, "step": "bulk (facts)", "done": 30, "total": 90}
    found = segments_of(job, [dict(each) for each in others])
    assert [(each["done"], each["total"], each["written"]) for each in found] == [(30, 90, False), (60, 100, True)]
    (served,) = segments_of({**job, "generation": 1}, [dict(each) for each in others])
    assert served["status"] == "live"


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
        assert "Parts of the desk" in (await analyst.once_built(path)).text, path
    model = "/analyze/projections/gradebook"
    without = await analyst.send(f"{model}/rebuild", {"reason": ""})
    assert without.status_code == 422, text_of(without)
    sent = await analyst.send(f"{model}/rebuild", {"reason": "<b>late</b> days"})
    assert sent.status_code == 303, text_of(sent)
    job = text_of(await analyst.follow(sent))
    assert "Rebuild: gradebook" in job
    assert "How far it is" in job
    done = await analyst.sees(sent.headers["location"], "finished")
    assert done.count("<progress") >= 4
    assert "Segment 3" in done
    assert "Rebuild" in text_of(await analyst.get("/analyze/jobs"))
    parked = await analyst.get("/analyze/parked")
    assert parked.status_code == 403
    assert "auditors and admins see them" in text_of(parked)
    assert (await analyst.get("/analyze/projections/nothing")).status_code == 404
    assert (await analyst.get("/analyze/facts/no.such")).status_code == 404
    found = text_of(await analyst.get("/analyze/facts?q=withdrawn&context=enrollment"))
    assert "enrollment.withdrawn" in found
    assert "enrollment.activated" not in found


def test_a_graph_has_a_box_for_each_node_and_escapes_names() -> None:
    """Lines lead from layer to layer; one to a node that is not drawn is left out."""
    layers = [[Node("a", "<a>")], [Node("b", "b" * 50, strong=True), Node("c", "c")]]
    drawn = layered(layers, [("a", "b"), ("a", "c"), ("a", "d")], "From <a>")
    assert (drawn.count("<rect"), drawn.count("<path"), drawn.count("is-strong")) == (3, 2, 1)
    assert "<a>" not in drawn
    assert "<title>From &lt;a&gt;</title>" in drawn


@pytest.mark.usefixtures("lively")
async def test_lineage_is_a_page_for_each_fact_and_read_model(town: Town, ada: Reader) -> None:
    """From facts to columns, and from a column back to the facts that may set it."""
    analyst = Reader(town)
    await analyst.send("/signin/sample", {"person": "analyst"})
    assert "gradebook" in text_of(await analyst.once_built("/analyze/lineage"))
    chosen = await analyst.get("/analyze/lineage?fact=attempt.graded")
    assert "best_bp" in text_of(await analyst.follow(chosen))
    back = text_of(await analyst.get("/analyze/lineage/projections/gradebook?table=gradebook&column=best_bp"))
    assert "attempt.graded" in back
    assert "quiz.published" not in back
    for missing in ("/analyze/lineage/facts/no.such", "/analyze/lineage/projections/nothing"):
        assert (await analyst.get(missing)).status_code == 404
    assert (await ada.get("/analyze/lineage/projections/gradebook")).status_code == 403
