"""Invitations: the staff open accounts for people, who get a mail; one, or many as CSV, which may be sent again."""

from typing import Annotated

import msgspec
from fastapi import Request, Response
from pydantic import Field

from adapters.auth.invitations import BadInvitation, Invitations, checked, read_people
from adapters.command_bus.record_look import look_at, record_look, record_looks
from adapters.csv_lines import BadLine
from api.http.dispatch import Body, Dispatch, example
from api.http.errors import TooManyInvited
from api.http.openapi import open_query
from api.http.query import JSON
from api.http.routing import router as strict_router
from api.http.services import ServicesDep
from api.http.types import NO_CONTROLS, Id

router = strict_router("invitations", "/v1")

MOST_LINES = 1_000
LONGEST_FILE = 500_000  # characters
CSV_EXAMPLE = "email,display_name,run_id\nada@example.org,Ada Lovelace,algebra-2026\n"
Field100 = Annotated[str, Field(max_length=254, pattern=NO_CONTROLS)]


class NewInvitation(Body):
    """A person to invite, and the run on which the person is to have a place."""

    model_config = example(email="ada@example.org", display_name="Ada Lovelace", run_id="algebra-2026")

    email: Field100
    display_name: Field100 = ""
    language: Field100 = "en"
    time_zone: Field100 = "UTC"
    run_id: Id | None = None


class PeopleAsCsv(Body):
    """
    People to invite, one a line, as CSV: a head with the names of columns, of which `email` has to be there.

    The others are `display_name`, `language`, `time_zone`, `run_id`.
    """

    model_config = example(csv=CSV_EXAMPLE, dry_run=True)

    csv: Annotated[str, Field(max_length=LONGEST_FILE)]
    dry_run: bool = False


class Invitation(msgspec.Struct, kw_only=True):
    """The account of the person; `is_new`: it was opened, and a mail is on its way."""

    learner_id: str
    is_new: bool
    is_enrolled: bool


class BulkInvitation(msgspec.Struct, kw_only=True):
    """
    What has become of the lines, or would become of them in a dry run.

    Attributes:
        invited: accounts that were opened.
        known: lines of people who have an account, who get no mail.
        enrolled: lines with a run, on which the person has a place or waits for one.
        refused: lines that are wrong, or were refused by a rule; once mended, the whole file may be sent again.
    """

    dry_run: bool
    invited: int
    known: int
    enrolled: int
    refused: list[BadLine]


ONE = Invitation(learner_id="5e0c8f8bd3f54b0ab4d3b5d55c0e3f3a", is_new=True, is_enrolled=True)
MANY = BulkInvitation(
    dry_run=False,
    invited=1,
    known=0,
    enrolled=1,
    refused=[BadLine(line=3, field="email", problem="has to be an e-mail address, such as ada@example.org")],
)
STATUSES = (400, 401, 403, 409, 413, 415, 503)


@router.post("/invitations", responses=open_query(ONE, 404, *STATUSES))
async def invite(body: NewInvitation, request: Request, dispatch: Dispatch, services: ServicesDep) -> Response:
    """
    Open an account for a person, who gets a mail with a link; one who has an account gets none.

    That it is answered whose address it is, is recorded as a look.
    """
    said = {name: value for name, value in body.model_dump().items() if value}
    person = checked(1, said)
    if isinstance(person, BadLine):
        raise BadInvitation(field=person.field, problem=person.problem)
    context = await dispatch.accounted()
    found = await _invitations(services).invite(person, context)
    if not found.is_new:
        look = look_at(request.scope["path"], None, context.reason)
        await record_look(services.log, services.bus, found.learner_id, look, context)
    answer = Invitation(learner_id=found.learner_id, is_new=found.is_new, is_enrolled=found.is_enrolled)
    return Response(msgspec.json.encode(answer), media_type=JSON, headers={"cache-control": "no-store"})


@router.post("/invitations/bulk", responses=open_query(MANY, *STATUSES))
async def invite_many(body: PeopleAsCsv, request: Request, dispatch: Dispatch, services: ServicesDep) -> Response:
    """
    Invite people from a CSV file, line by line. Sent again, it does what is left to do, and no mail goes twice.

    The number of those who have an account says of a short file who that is: it is recorded as a look at each of them.
    """
    people = read_people(body.csv)
    if len(people) > MOST_LINES:
        raise TooManyInvited(lines=len(people), most=MOST_LINES)
    answer = BulkInvitation(dry_run=body.dry_run, invited=0, known=0, enrolled=0, refused=[])
    context, known = await dispatch.accounted(), []
    async for found in _invitations(services).invite_all(people, context, dry_run=body.dry_run):
        if isinstance(found, BadLine):
            answer.refused.append(found)
        else:
            answer.invited += found.is_new
            answer.enrolled += found.is_enrolled
            if not found.is_new:
                known.append(found.learner_id)
    answer.known = len(known)
    look = look_at(request.scope["path"], None, context.reason)
    await record_looks(services.log, services.bus, known, look, context)
    return Response(msgspec.json.encode(answer), media_type=JSON, headers={"cache-control": "no-store"})


def _invitations(services: ServicesDep) -> Invitations:
    return Invitations(services.log, services.bus, services.settings)
