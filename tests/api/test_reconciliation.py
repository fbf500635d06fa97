"""The last reconciliation over HTTP; tests/e2e/test_reconciliation.py has one with findings."""

from adapters.health.payments import agree
from adapters.settings import Settings
from tests.support.api import Campus


async def test_before_the_first_reconciliation(campus: Campus, lively: Settings) -> None:
    """The staff are shown that there was none, a learner nothing; without a key there is nothing to compare."""
    seen = await campus.get("/reconciliation")
    assert (seen.status_code, seen.headers["campus-position"]) == (200, "0")
    assert seen.json() == {"outcome": None, "done_at": None, "failed_at": None, "failure": None}
    assert (await campus.get("/reconciliation", user=campus.learner)).status_code == 403
    assert (await campus.get("/reconciliation", min_position=1)).json()["code"] == "position_not_reached"
    assert "no key" in await agree(lively)
    assert "not compared yet" in await agree(lively.model_copy(update={"stripe_key": "sk_test_1"}))
