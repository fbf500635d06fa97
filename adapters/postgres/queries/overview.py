"""The campus overview: what is answered, an example, and the SQL over the rows of projections/overview.py."""

import msgspec

from adapters.postgres.queries.json_answer import json_array, json_object
from adapters.postgres.queries.reader import CHECKPOINT, Answer, Reader
from projections.overview import Counts


class OverviewCounts(msgspec.Struct, kw_only=True):
    """What is counted of one run, or of the campus or one source (`run_id` is then `*`)."""

    run_id: str
    source: str
    people: int
    registrations: int
    withdrawals: int
    without_registration_date: int
    outcomes: dict[str, int]
    submissions: int
    banked: int
    without_score: int
    activity_rows: int
    activity_amount: int
    active_people: int
    irregular: dict[str, int]


class CampusOverview(msgspec.Struct, kw_only=True):
    """The campus, null as long as nothing has happened, each source of runs, and each run."""

    campus: OverviewCounts | None
    sources: list[OverviewCounts]
    runs: list[OverviewCounts]


COUNTS = OverviewCounts(
    run_id="*",
    source="import:oulad",
    people=28_785,
    registrations=32_593,
    withdrawals=10_072,
    without_registration_date=45,
    outcomes={"pass": 12_361},
    submissions=173_912,
    banked=1_909,
    without_score=173,
    activity_rows=1_048_575,
    activity_amount=3_516_339,
    active_people=4_080,
    irregular={},
)
EXAMPLE = CampusOverview(campus=COUNTS, sources=[COUNTS], runs=[])

CAMPUS = "*"  # in place of the id of a run; version 1 of the read model has a row of that name, which is not counted

# What can be added up over runs is added up, of each source and of the campus; a person on several runs counts once.
ADDABLE = [
    field.name
    for field in msgspec.structs.fields(Counts)
    if field.type is int and field.name not in {"people", "active_people"}
]
ADDED = f"""
counts AS (SELECT * FROM overview WHERE run_id <> %(campus)s),
added AS (
    SELECT coalesce(source, '') AS source, grouping(source) AS whole, array_agg(run_id) AS run_ids,
           {", ".join(f"sum({name}) AS {name}" for name in ADDABLE)}
      FROM counts GROUP BY GROUPING SETS ((source), ()) HAVING count(*) > 0),
outcomes AS (
    SELECT source, whole, json_object_agg(name, number) AS outcomes FROM (
        SELECT coalesce(source, '') AS source, grouping(source) AS whole, name, sum(value::bigint) AS number
          FROM counts CROSS JOIN jsonb_each_text(outcomes) AS of_run(name, value)
         GROUP BY GROUPING SETS ((source, name), (name))) AS by_name GROUP BY source, whole),
irregular AS (
    SELECT source, whole, json_object_agg(name, number) AS irregular FROM (
        SELECT coalesce(source, '') AS source, grouping(source) AS whole, name, sum(value::bigint) AS number
          FROM counts CROSS JOIN jsonb_each_text(irregular) AS of_run(name, value)
         GROUP BY GROUPING SETS ((source, name), (name))) AS by_name GROUP BY source, whole),
people AS (
    SELECT source, whole,
           count(*) FILTER (WHERE CASE whole WHEN 1 THEN registered <> '[]' ELSE registered ?| run_ids END) AS people,
           count(*) FILTER (WHERE CASE whole WHEN 1 THEN active <> '[]' ELSE active ?| run_ids END) AS active_people
      FROM added CROSS JOIN overview_people GROUP BY source, whole),
sums AS (
    SELECT %(campus)s AS run_id, whole, source, {", ".join(ADDABLE)},
           coalesce(people, 0) AS people, coalesce(active_people, 0) AS active_people,
           coalesce(outcomes, '{{}}') AS outcomes, coalesce(irregular, '{{}}') AS irregular
      FROM added LEFT JOIN outcomes USING (whole, source)
           LEFT JOIN irregular USING (whole, source) LEFT JOIN people USING (whole, source))
"""

# What has no score was handed in and never graded.
ENTRY = json_object(OverviewCounts, without_score="submissions - graded")
_OVERVIEW = json_object(
    CampusOverview,
    campus=f"(SELECT {ENTRY} FROM sums WHERE whole = 1)",
    sources=f"(SELECT {json_array(ENTRY, 'source')} FROM sums WHERE whole = 0)",
    runs=f"(SELECT {json_array(ENTRY, 'run_id')} FROM counts)",
)

OVERVIEW = f"""
WITH {ADDED}
SELECT {CHECKPOINT.format("overview")}, {_OVERVIEW}::text
"""


async def overview(reader: Reader) -> Answer:
    """Counts of the campus, of every source and of every run; the campus is null as long as nothing has happened."""
    return await reader.answer(OVERVIEW, {"campus": CAMPUS})
