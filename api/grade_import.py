"""Grades of a file over HTTP: a dry run says grade by grade what would happen, an import does it."""

from typing import Annotated

import msgspec
from fastapi import Response
from pydantic import Field

from adapters.csv_lines import BadLine
from adapters.grades.importing import GradeImports
from adapters.grades.reading import BadGrades
from adapters.grades.report import GradeLine, GradesReport
from api.http.clear_reason import ClearReason
from api.http.dispatch import Body, Dispatch, example
from api.http.openapi import open_query
from api.http.query import JSON
from api.http.routing import router as strict_router
from api.http.sent_file import file_in
from api.http.services import ServicesDep
from api.http.types import RunId

router = strict_router("grade_import", "/v1/runs")

MOST_GRADES = 1_000  # of one request
LONGEST_FILE = 500_000  # characters of base64
NO_STORE = {"cache-control": "no-store"}
EXAMPLE_FILE = "bGVhcm5lcl9pZCxxdWl6X2lkLHNjb3JlX2JwCjI4NDAwLGFsZ2VicmEtMjAyNi1xMSw3NTAwCg=="


class GradesToImport(Body):
    """
    Grades as CSV, in base64: a line each, or the exported matrix of a gradebook with other numbers in it.

    A list has the columns `quiz_id` and `score_bp`, a matrix one for each assessment, with basis points in its cells;
    an empty cell says nothing. Who is graded stands in `learner_id` or `email`.
    """

    model_config = example(file=EXAMPLE_FILE, dry_run=True, reason="the exam on paper")

    file: Annotated[str, Field(max_length=LONGEST_FILE, json_schema_extra={"contentEncoding": "base64"})]
    dry_run: bool = False
    reason: ClearReason


EXAMPLE = GradesReport(
    run_id="algebra-2026",
    dry_run=True,
    job_id="5f1c" * 8,
    changed=1,
    unchanged=0,
    refused=[BadLine(line=3, field="email", problem="is no learner of this run")],
    ignored_columns=["remarks"],
    lines=[
        GradeLine(
            line=2,
            learner_id="28400",
            quiz_id="algebra-2026-q1",
            score_bp=7_500,
            would_record=["attempt.grade_overridden"],
            problem="28400 has handed in nothing in quiz algebra-2026-q1, which is not on paper",
        )
    ],
)


@router.post("/{run_id}/grade-imports", responses=open_query(EXAMPLE, 400, 401, 403, 404, 409, 412, 413, 415, 503))
async def import_grades(run_id: RunId, body: GradesToImport, dispatch: Dispatch, services: ServicesDep) -> Response:
    """
    Make the grades of a file the scores of assessments of a run: what counts is graded, or overridden with the reason.

    A dispatcher does it, grade by grade, as the bulk job of the answer; sent again, it does what is left.
    """
    context = await dispatch.accounted(body.reason)
    content = file_in(body.file, BadGrades)
    imports = GradeImports(services.log, services.bus)
    if body.dry_run:
        found = await imports.foresee(content, run_id, context, most=MOST_GRADES)
    else:
        found = await imports.begin(content, run_id, body.reason, context, most=MOST_GRADES)
    return Response(msgspec.json.encode(found), headers=NO_STORE, media_type=JSON)
