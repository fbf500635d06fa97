"""A person in the forum of a run, for its staff: silence, notes, and what was decided about posts."""

from typing import Annotated

import msgspec
from fastapi import Path, Response
from pydantic import Field

from adapters.forum_conduct import EXAMPLE, conduct_of
from api.http.dispatch import Accepted, Body, Dispatch, example
from api.http.openapi import command, query
from api.http.query import QueryDep
from api.http.routing import router as strict_router
from api.http.types import NO_NUL, NOT_BLANK, LearnerId, RunId, Time
from commands.forum import conduct as commands
from domain.forum import RemovalGround
from domain.forum.report import MOST_WORDS
from projections.moderation import ModerationOfForum

router = strict_router("forum", "/v1/runs/{run_id}/forum/learners/{learner_id}")

NoteNo = Annotated[int, Path(ge=1, le=100_000, description="Notes about a person count from 1.", examples=[1])]


class NewSilence(Body):
    """Until when a person writes nothing, and why; the words are said to the person."""

    model_config = example(until="2026-02-21T18:00:00Z", ground="rude", words="Please cool down.")

    until: Time
    ground: Annotated[RemovalGround, Field(strict=False)]
    words: Annotated[str, Field(max_length=MOST_WORDS, pattern=NO_NUL)] = ""


class NewNote(Body):
    """What one of the staff notes about a person, for the others."""

    model_config = example(words="Was asked to be kind in March.")

    words: Annotated[str, Field(min_length=1, max_length=MOST_WORDS, pattern=NO_NUL, json_schema_extra=NOT_BLANK)]


@router.get("", responses=query(EXAMPLE, 403, 404))
async def get_forum_conduct(run_id: RunId, learner_id: LearnerId, ask: QueryDep) -> Response:
    """A person in the forum of a run: silence, notes of the staff, and how many decisions stand against posts."""
    await ask.check_run(run_id)
    services = ask.services
    found = await ask.read_at_least(
        ModerationOfForum.name, lambda: conduct_of(services.reader, services.log, learner_id, run_id, ask.now())
    )
    return ask.reply(msgspec.json.encode(found.conduct), found.position)


@router.post(
    "/silence",
    status_code=202,
    response_model=Accepted,
    responses=command(403, 404),
)
async def silence_learner(run_id: RunId, learner_id: LearnerId, body: NewSilence, dispatch: Dispatch) -> Response:
    """Have a person write nothing in the forum of a run for a time."""
    silence = commands.SilenceLearner(learner_id, run_id, body.until, body.ground, body.words)
    return await dispatch(silence, learner_id)


@router.post(
    "/silence/end",
    status_code=202,
    response_model=Accepted,
    responses=command(403, 404),
)
async def end_silence(run_id: RunId, learner_id: LearnerId, dispatch: Dispatch) -> Response:
    """Have a person write again before the time is over."""
    return await dispatch(commands.EndSilence(learner_id, run_id), learner_id)


@router.post("/notes", status_code=202, response_model=Accepted, responses=command(403, 404))
async def write_forum_note(run_id: RunId, learner_id: LearnerId, body: NewNote, dispatch: Dispatch) -> Response:
    """Note something about a person for others of the staff; the person reads it in the own export only."""
    return await dispatch(commands.WriteNote(learner_id, run_id, body.words), learner_id)


@router.post("/notes/{note_no}/remove", status_code=202, response_model=Accepted, responses=command(403, 404))
async def remove_forum_note(run_id: RunId, learner_id: LearnerId, note_no: NoteNo, dispatch: Dispatch) -> Response:
    """Show a note no more."""
    return await dispatch(commands.RemoveNote(learner_id, run_id, note_no), learner_id)
