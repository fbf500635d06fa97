"""
A run, a learner and a product of the running campus, for links to pages with content and lines to try.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from adapters.settings import Settings
from cli.http import get_own


@dataclass(frozen=True)
class Examples:
    """
    An example of each kind; "" if the campus has none.

    Attributes:
        has_sample_people: whether the five have accounts here, as they have where the sample campus was seeded.
    """

    run_id: str = ""
    learner_id: str = ""
    product_id: str = ""
    currency: str = ""
    has_sample_people: bool = False


async def find_examples(settings: Settings) -> Examples:
    """Ask the API for the first run, the first learner of its gradebook, and the first product that has a price."""
    from adapters.auth.sample_people import SAMPLE_PEOPLE
    from adapters.jwt import claims_of, sign
    from domain.roles import Role

    token = sign(claims_of("admin"), settings.token_secret, now=datetime.now(UTC), lifetime=timedelta(minutes=1))

    async def first(path: str) -> dict[str, Any]:
        items = (await get_own(settings, f"/v1/{path}", token)).body.get("items")
        return items[0] if items else {}

    run_id = (await first("runs?limit=1")).get("run_id", "")
    learner_id = (await first(f"runs/{run_id}/gradebook?limit=1")).get("learner_id", "") if run_id else ""
    product = await first("products?limit=1")
    currency = next(iter(product.get("prices", ())), "")
    admin = await first(f"roles?person={SAMPLE_PEOPLE[Role.ADMIN].learner_id}&limit=1")
    return Examples(run_id, learner_id, product["product_id"] if currency else "", currency, bool(admin))
