"""What the page of a dossier shows of each fact."""

import asyncio

import msgspec

from adapters.dossier.verifier.checks import check
from tests.support.dossiers import made_in_memory
from tests.support.facts import History


def test_both_persons_of_a_fact_are_shown() -> None:
    """The admin who has acted, and the learner as whom or for whom; who acts for no one else stands alone."""
    facts = History().course().enrolled("7").facts
    whom = {"actor": "admin-of-the-school", "on_behalf_of": "7"}
    changed = [
        msgspec.structs.replace(fact, meta=msgspec.structs.replace(fact.meta, **whom))
        if "7" in fact.stream_id
        else fact
        for fact in facts
    ]
    files = asyncio.run(made_in_memory(changed, "7")).files
    assert check(files).wrong == []
    page = next(content for name, content in files.items() if name.endswith(".html")).decode()
    own = next(fact.position for fact in changed if "7" in fact.stream_id)
    for field, text in whom.items():
        assert f"[&quot;facts&quot;,&quot;{own}&quot;,&quot;meta&quot;,&quot;{field}&quot;]" in page
        assert f">{text}</td>" in page
    assert '<th scope="col">For</th>' in page
