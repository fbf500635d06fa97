"""The draft of a course: what its next version will be, edited beside the published ones."""

from typing import Annotated, Literal

import msgspec
from fastapi import Response
from pydantic import Field

from adapters.contents import must_be_uploaded
from adapters.course_draft import EXAMPLE, draft_of
from api.catalog.structure import NewPolicy, NewUnit
from api.http.dispatch import Accepted, Body, Dispatch, example
from api.http.openapi import command, query
from api.http.query import QueryDep
from api.http.routing import router as strict_router
from api.http.services import ServicesDep
from api.http.types import CourseId, Id, Title
from commands.catalog import EditDraft, PublishDraft, StartDraft
from domain.catalog import MAX_UNITS
from domain.catalog.edits import AddUnit as Adding
from domain.catalog.edits import AnyEdit
from domain.catalog.edits import ChangeUnit as Changing

router = strict_router("catalog", "/v1")

MAX_EDITS = 500  # of one command
Place = Annotated[int, Field(ge=0, le=MAX_UNITS, description="Where it stands, from 0; the end if left out.")]
Revision = Annotated[int, Field(ge=0, le=10**12, description="The revision of the draft that you have seen.")]
InSection = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{0,64}$", description="Empty in a course without sections.")]


class DraftStart(Body):
    """From which version a draft begins: the newest if left out, none with 0."""

    model_config = example(revision=0)

    revision: Revision = 0
    version: Annotated[int, Field(ge=0, le=100_000)] | None = None


class AddSection(Body):
    """Add an empty section."""

    op: Literal["add_section"]
    section_id: Id
    title: Title
    place: Place | None = None


class RenameSection(Body):
    """Give a section another title."""

    op: Literal["rename_section"]
    section_id: Id
    title: Title


class MoveSection(Body):
    """Have a section stand at another place."""

    op: Literal["move_section"]
    section_id: Id
    place: Place


class RemoveSection(Body):
    """Remove a section with its units."""

    op: Literal["remove_section"]
    section_id: Id


class AddUnit(Body):
    """Add a unit to a section."""

    op: Literal["add_unit"]
    unit: NewUnit
    section_id: InSection = ""
    place: Place | None = None


class ChangeUnit(Body):
    """Have the unit of this id be another one."""

    op: Literal["change_unit"]
    unit: NewUnit


class MoveUnit(Body):
    """Have a unit stand in a section."""

    op: Literal["move_unit"]
    unit_id: Id
    section_id: InSection = ""
    place: Place | None = None


class RemoveUnit(Body):
    """Remove a unit."""

    op: Literal["remove_unit"]
    unit_id: Id


class ChangePolicy(Body):
    """Have the course be completed and graded otherwise, or ask for other courses before it."""

    op: Literal["change_policy"]
    policy: NewPolicy


OfSections = AddSection | RenameSection | MoveSection | RemoveSection
OfUnits = AddUnit | ChangeUnit | MoveUnit | RemoveUnit
Edit = Annotated[OfSections | OfUnits | ChangePolicy, Field(discriminator="op")]


class DraftEdits(Body):
    """Changes of a draft, in their order: all happen, or none."""

    model_config = example(revision=1, edits=[{"op": "rename_section", "section_id": "basics", "title": "Basics"}])

    revision: Revision
    edits: Annotated[list[Edit], Field(min_length=1, max_length=MAX_EDITS)]


class DraftPublication(Body):
    """Which revision is published; `over_version` is the newest version that you have seen, if the draft is older."""

    model_config = example(revision=3)

    revision: Revision
    over_version: Annotated[int, Field(ge=0, le=100_000)] | None = None


@router.get("/courses/{course_id}/draft", responses=query(EXAMPLE, 404))
async def get_draft(course_id: CourseId, ask: QueryDep) -> Response:
    """The draft of a course as it would be published, and what keeps it from that."""
    log = ask.services.log
    position = await log.head()
    found = await draft_of(log, course_id)
    ask.must_reach(position)
    return ask.reply(msgspec.json.encode(found), position)


@router.post("/courses/{course_id}/draft", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def start_draft(course_id: CourseId, body: DraftStart, handle: Dispatch) -> Response:
    """Begin the draft of a course from one of its versions; what was edited and not published is given up."""
    return await handle(StartDraft(course_id, body.version, body.revision))


@router.post(
    "/courses/{course_id}/draft/edits", status_code=202, response_model=Accepted, responses=command(403, 404, 409)
)
async def edit_draft(course_id: CourseId, body: DraftEdits, handle: Dispatch, services: ServicesDep) -> Response:
    """Change the draft; 409 `draft_changed` if another editor did since that revision."""
    edits = [_edit(each) for each in body.edits]
    await must_be_uploaded(services.contents, [each.unit for each in edits if isinstance(each, Adding | Changing)])
    return await handle(EditDraft(course_id, body.revision, edits))


def _edit(body: Edit) -> AnyEdit:
    edit: AnyEdit = msgspec.convert(body.model_dump(), AnyEdit)
    return edit


@router.post(
    "/courses/{course_id}/draft/publish", status_code=202, response_model=Accepted, responses=command(403, 404, 409)
)
async def publish_draft(course_id: CourseId, body: DraftPublication, handle: Dispatch) -> Response:
    """Publish the draft as the next version of the course."""
    return await handle(PublishDraft(course_id, body.revision, body.over_version))
