"""The desk of auditors: a learner through time, a fact with its causes, and why a value is what it is."""

import re

import pytest

from tests.support.api import Campus
from tests.support.pages import Reader, text_of
from tests.support.people import Town


async def test_the_desk_is_for_auditors(ada: Reader) -> None:
    """Learners see their own history elsewhere."""
    refused = await ada.get("/audit/learners/another-one")
    assert refused.status_code == 403
    assert "not open to you" in text_of(refused)


@pytest.mark.usefixtures("lively")
async def test_an_auditor_steps_through_the_facts_of_a_learner(town: Town, ada: Reader) -> None:
    """Forward and back, with what each fact has changed; two moments are compared; a fact has its causes."""
    auditor = Reader(town)
    await auditor.send("/signin/sample", {"person": "auditor"})
    learner_id = ada.browser.learner_id
    assert "What do you look into?" in text_of(await auditor.once_built("/audit"))
    found = await auditor.get(f"/audit/find?kind=learner&id={learner_id}&reason=dispute%2047")
    assert found.headers["location"] == f"/audit/learners/{learner_id}?reason=dispute%2047"
    last = await auditor.once_built(found.headers["location"])
    assert "Facts up to this moment" in text_of(last)
    first = re.search(r'href="([^"]+)" data-step="first"', last.text)
    assert first is not None
    begun = await auditor.get(first[1].replace("&amp;", "&"))
    assert "user.registered" in text_of(begun) or "user." in text_of(begun)
    on = re.search(r'href="[^"]*at=(\d+)[^"]*" data-step="on"', begun.text)
    assert on is not None
    looks = await auditor.browser.get(f"/learners/{learner_id}/looks")
    seen = [each["known_position"] for each in looks.json()["items"] if each["what"] is not None]
    assert len(seen) == len(set(seen)), "a moment is one look"
    compared = await auditor.get(f"/audit/learners/{learner_id}?at={on[1]}&with=1&reason=dispute")
    assert compared.status_code == 200
    before = {each["position"] for each in (await ada.browser.get(f"/learners/{learner_id}/looks")).json()["items"]}
    fact = await auditor.get(f"/audit/facts/{on[1]}?reason=dispute")
    assert "What led to it, and what followed" in text_of(fact)
    looks = (await ada.browser.get(f"/learners/{learner_id}/looks")).json()["items"]
    after = [each["what"] for each in looks if each["position"] not in before]
    assert after == [f"/v1/facts/{on[1]}/trace"], "a fact with its causes is one look"
    assert (await auditor.get("/audit/facts/999999?reason=x")).status_code in (404, 422)


@pytest.mark.usefixtures("lively")
async def test_a_question_without_an_answer_is_said_on_the_page(town: Town) -> None:
    """An unknown read model is named; the form keeps what was typed."""
    auditor = Reader(town)
    await auditor.send("/signin/sample", {"person": "auditor"})
    await auditor.once_built("/audit")
    asked = await auditor.get("/audit/why?view=nothing&key=a&field=%3Cb%3E&reason=x")
    assert asked.status_code >= 400
    assert 'value="&lt;b&gt;"' in asked.text


async def test_an_outcome_is_disputed_and_settled(town: Town, ada: Reader, campus: Campus) -> None:
    """An auditor finds the appeal and its evidence; an admin settles it, and the learner has another outcome."""
    learner_id = ada.browser.learner_id
    outcome = {"run_id": campus.run, "learner_id": learner_id, "outcome": "fail", "reason": "copied"}
    await campus.send("/progress/outcomes", outcome, user="instructor")
    appeal = {"run_id": campus.run, "words": "I did <b>not</b>"}
    assert (await ada.browser.post("/progress/appeals", appeal)).status_code == 202
    auditor, admin = Reader(town), Reader(town)
    await auditor.send("/signin/sample", {"person": "auditor"})
    await admin.send("/signin/sample", {"person": "admin"})
    address = f"/audit/disputes/{learner_id}/{campus.run}/1"
    listed = await auditor.once_built("/audit/disputes")
    assert f'href="{address}"' in listed.text
    title = (await auditor.browser.get(f"/runs/{campus.run}")).json()["title"]
    assert f"{title} {campus.run}" in text_of(listed), "a run has its title beside its id"
    seen = await auditor.once_built(address)
    assert "I did &lt;b&gt;not&lt;/b&gt;" in seen.text
    assert "progress.course_outcome_decided" in seen.text
    assert "Auditors look and change nothing" in text_of(seen)
    why = re.search(r'href="(/audit/why[^"]+outcome)"', seen.text)
    assert why is not None
    assert "fail" in text_of(await auditor.once_built(why[1].replace("&amp;", "&")))
    settled = {"granted": "yes", "outcome": "pass", "words": "You are right."}
    assert (await auditor.send(address, settled)).status_code == 403
    without = await admin.send(address, {**settled, "words": ""})
    assert without.status_code == 422
    done = await admin.send(address, settled)
    assert done.status_code == 303, text_of(done)
    after = text_of(await admin.follow(done))
    assert "You are right." in after
    assert "The outcome is now: passed" in after
    assert "Open appeals" not in text_of(await auditor.get("/audit/disputes"))
    assert (await auditor.get(f"/audit/disputes/{learner_id}/{campus.run}/7")).status_code == 404
    assert (await ada.get("/audit/disputes")).status_code == 403
