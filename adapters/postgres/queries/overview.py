"""The campus overview: what is answered, an example, and the SQL over the rows of projections/overview.py."""

import msgspec

from adapters.postgres.queries.json_answer import json_array, json_object
from adapters.postgres.queries.reader import CHECKPOINT, Answer, NotBuilt, Reader
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

# What can be added up over runs is added up, of each source and of the campus; a person on several runs counts on the
# first of them only: of the source, or of the campus. (Version 3 of the read model does not know which is the first:
# until a rebuild is promoted, people are counted one by one. A generation of it has no overview_runs.)
FIRSTS = {"people": "first_people", "active_people": "first_active"}
ADDABLE = [
    field.name
    for field in msgspec.structs.fields(Counts)
    if field.type is int and field.name not in FIRSTS and not field.name.startswith("first_")
]
ADDED = f"""
counts AS MATERIALIZED (SELECT * FROM overview WHERE run_id <> %(campus)s),
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
"""
SUMS = f"""sums AS (
    SELECT %(campus)s AS run_id, whole, source, {", ".join(ADDABLE)},
           coalesce(people, 0) AS people, coalesce(active_people, 0) AS active_people,
           coalesce(outcomes, '{{}}') AS outcomes, coalesce(irregular, '{{}}') AS irregular
      FROM added LEFT JOIN outcomes USING (whole, source)
           LEFT JOIN irregular USING (whole, source) LEFT JOIN people USING (whole, source))
"""

_BY_FIRST = ", ".join(
    f"CASE grouping(source) WHEN 1 THEN sum({first}) ELSE sum({first}_of_source) END AS {name}"
    for name, first in FIRSTS.items()
)
PEOPLE = f"""
version AS (SELECT FROM overview_runs LIMIT 0),
people AS (
    SELECT coalesce(source, '') AS source, grouping(source) AS whole, {_BY_FIRST}
      FROM counts GROUP BY GROUPING SETS ((source), ())),
"""
PEOPLE_ONE_BY_ONE = """
people AS (
    SELECT source, whole,
           count(*) FILTER (WHERE CASE whole WHEN 1 THEN registered <> '[]' ELSE registered ?| run_ids END) AS people,
           count(*) FILTER (WHERE CASE whole WHEN 1 THEN active <> '[]' ELSE active ?| run_ids END) AS active_people
      FROM added CROSS JOIN overview_people GROUP BY source, whole),
"""

# What has no score was handed in and never graded.
ENTRY = json_object(OverviewCounts, without_score="submissions - graded")
_OVERVIEW = json_object(
    CampusOverview,
    campus=f"(SELECT {ENTRY} FROM sums WHERE whole = 1)",
    sources=f"(SELECT {json_array(ENTRY, 'source')} FROM sums WHERE whole = 0)",
    runs=f"(SELECT {json_array(ENTRY, 'run_id')} FROM counts)",
)

OVERVIEW = """
WITH {counted}
SELECT {at}, {overview}::text
"""
_PARTS = {"at": CHECKPOINT.format("overview"), "overview": _OVERVIEW}
BY_FIRST, ONE_BY_ONE = (
    OVERVIEW.format(counted=ADDED + people + SUMS, **_PARTS) for people in (PEOPLE, PEOPLE_ONE_BY_ONE)
)


async def overview(reader: Reader) -> Answer:
    """Counts of the campus, of every source and of every run; the campus is null as long as nothing has happened."""
    try:
        return await reader.answer(BY_FIRST, {"campus": CAMPUS})
    except NotBuilt:
        return await reader.answer(ONE_BY_ONE, {"campus": CAMPUS})
