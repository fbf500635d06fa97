"""
A run and a learner of the running campus, for links to pages with content.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from adapters.settings import Settings
from cli.http import get_json


@dataclass(frozen=True)
class Examples:
    """An example of each kind; "" if the campus has none."""

    run_id: str = ""
    learner_id: str = ""


async def find_examples(settings: Settings) -> Examples:
    """Ask the API for the first run and the first learner of its gradebook."""
    from adapters.jwt import claims_of, sign

    token = sign(claims_of("admin"), settings.token_secret, now=datetime.now(UTC), lifetime=timedelta(minutes=1))

    async def first(path: str) -> dict[str, Any]:
        items = (await get_json(f"{settings.api_url}/v1/{path}", token)).body.get("items")
        return items[0] if items else {}

    run_id = (await first("runs?limit=1")).get("run_id", "")
    learner_id = (await first(f"runs/{run_id}/gradebook?limit=1")).get("learner_id", "") if run_id else ""
    return Examples(run_id, learner_id)
