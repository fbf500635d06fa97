"""The desk of auditors: a learner through time, a fact with its causes, and why a value is what it is."""

import re

import pytest

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
    compared = await auditor.get(f"/audit/learners/{learner_id}?at={on[1]}&with=1&reason=dispute")
    assert compared.status_code == 200
    fact = await auditor.get(f"/audit/facts/{on[1]}?reason=dispute")
    assert "What led to it, and what followed" in text_of(fact)
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
