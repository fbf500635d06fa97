"""The seats of a run: how many there are. Who sits and who waits follows from it by reactions."""

from typing import Annotated, Literal

from fastapi import Response
from pydantic import Field

from api.http.dispatch import Accepted, Body, Dispatch, example
from api.http.openapi import command
from api.http.routing import router as strict_router
from api.http.types import RunId
from commands.catalog import ChangeCapacity

router = strict_router("seats", "/v1/runs")


class NewCapacity(Body):
    """
    How many seats a run has from now on.

    More: they go to those who wait, in their order. Fewer: with `excess` = `stay` no learner loses a seat, and none is
    given before one is free; with `wait` as many of those who were seated last wait again, before all others, who have
    not completed the course.
    """

    model_config = example(capacity=120)

    capacity: Annotated[int, Field(ge=1, le=1_000_000)]
    excess: Literal["stay", "wait"] = "stay"


@router.post("/{run_id}/capacity", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def change_capacity(run_id: RunId, body: NewCapacity, handle: Dispatch) -> Response:
    """Give a run more or fewer seats; one that was scheduled without a capacity keeps to that."""
    return await handle(ChangeCapacity(run_id, body.capacity, body.excess))
