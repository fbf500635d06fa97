"""Rosters of other systems over HTTP: a dry run says line by line what would happen, an import does it."""

from typing import Annotated

import msgspec
from fastapi import Response
from pydantic import Field

from adapters.csv_lines import BadLine
from adapters.roster.entries import BadRoster, LongRoster
from adapters.roster.importing import RosterImports
from adapters.roster.reading import read_roster
from adapters.roster.report import RosterLine, RosterReport
from api.http.clear_reason import ClearReason
from api.http.dispatch import Body, Dispatch, example
from api.http.openapi import open_query
from api.http.query import JSON
from api.http.routing import router as strict_router
from api.http.sent_file import file_in
from api.http.services import ServicesDep
from api.http.types import RunId

router = strict_router("roster_import", "/v1/runs")

MOST_LINES = 1_000
LONGEST_FILE = 500_000  # characters of base64
NO_STORE = {"cache-control": "no-store"}
EXAMPLE_FILE = "ZW1haWwsbmFtZQphZGFAZXhhbXBsZS5vcmcsQWRhCg=="


class RosterToImport(Body):
    """
    A roster: a OneRoster 1.1 or 1.2 package (ZIP), or a list as CSV, in base64; which of both is found by its content.

    Of a package the class is meant whose id or code is `class_id`, or else that of the run, or the only one. A list
    has a line of heads, one of them `email`, `source_id` or `learner_id`, and may have names, `status` and `role`.
    """

    model_config = example(file=EXAMPLE_FILE, dry_run=True)

    file: Annotated[str, Field(max_length=LONGEST_FILE, json_schema_extra={"contentEncoding": "base64"})]
    class_id: Annotated[str, Field(max_length=200)] = ""
    dry_run: bool = False
    reason: ClearReason = "roster"


EXAMPLE = RosterReport(
    format="oneroster-1.1",
    run_id="algebra-2026",
    dry_run=True,
    job_id="5f1c" * 8,
    enter=1,
    leave=0,
    invite=1,
    unchanged=0,
    refused=[BadLine(line=4, field="email", problem="has to be an e-mail address, such as ada@example.org")],
    ignored_columns=["phone"],
    lines=[
        RosterLine(
            line=2,
            learner_id="28400",
            action="enter",
            would_record=["enrollment.requested", "enrollment.activated"],
            problem="course run algebra-2026 is not open for enrollment",
        )
    ],
)


@router.post("/{run_id}/roster-imports", responses=open_query(EXAMPLE, 400, 401, 403, 404, 409, 412, 413, 415, 503))
async def import_roster(run_id: RunId, body: RosterToImport, dispatch: Dispatch, services: ServicesDep) -> Response:
    """
    Enroll those who stand on a roster, invite those without an account, withdraw those who have left.

    A dispatcher does it, line by line, as the bulk job of the answer; sent again, it does what is left.
    """
    context = await dispatch.accounted(body.reason)
    content = file_in(body.file, BadRoster)
    roster = read_roster(content, run_id, body.class_id)
    if len(roster.lines) > MOST_LINES:
        raise LongRoster(lines=len(roster.lines), most=MOST_LINES)
    imports = RosterImports(services.log, services.bus, services.settings)
    if body.dry_run:
        found = await imports.foresee(roster, run_id, context)
    else:
        found = await imports.begin(roster, run_id, body.reason, context)
    return Response(msgspec.json.encode(found), headers=NO_STORE, media_type=JSON)
