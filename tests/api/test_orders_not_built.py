"""Runs say by what they can be bought, also on a campus whose read model of what is sold is not built yet."""

import pytest

from adapters.settings import Settings
from api.app import build
from projections.catalog import Catalog
from projections.registry import PROJECTIONS
from tests.support.api import Campus, served, workers
from tests.support.polling import until

pytestmark = pytest.mark.processes


async def test_runs_wait_for_the_read_model_of_what_is_sold(settings: Settings) -> None:
    """As other routes they answer 503, to be asked again, and never that a run costs nothing which is sold."""
    (only,) = (each for each in PROJECTIONS if each.name == Catalog.name)
    async with served(build(settings)) as client:
        campus = Campus(client)
        await campus.open_run()
        product = {"product_id": "p", "title": "Algebra", "kind": "course", "course_id": campus.course}
        await campus.send("/products", product, user="admin")
        price = {"currency": "EUR", "amount": 4_900}
        position = await campus.send("/products/p/prices", price, user="admin")

        async def catalog_is_built() -> bool:
            return (await campus.get("/courses", min_position=position)).status_code == 200

        with workers(settings, [only]):
            await until(catalog_is_built)
            for path in ("/runs", f"/runs/{campus.run}", "/products"):
                answer = await campus.get(path, min_position=position)
                said = (answer.status_code, answer.json()["code"], answer.headers["retry-after"])
                assert said == (503, "not_built", "1")

        async def are_right() -> bool:
            found = [await campus.get(path, min_position=position) for path in ("/runs", f"/runs/{campus.run}")]
            assert {answer.status_code for answer in found} <= {200, 503}
            for answer in found:
                if answer.status_code == 200:
                    run = answer.json()["items"][0] if "items" in answer.json() else answer.json()
                    assert run["must_be_bought"] is True
            return all(answer.status_code == 200 for answer in found)

        with workers(settings):
            await until(are_right)
