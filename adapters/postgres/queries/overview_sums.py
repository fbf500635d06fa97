"""
The SQL of the campus overview: sums of all runs by source, and a page of runs.

It reads the parts that segments have, since what is counted by name is added up faster over all of them than in the
readers' view, run by run: 500 runs take some milliseconds, and took 160.
"""

from functools import cache

import msgspec

from adapters.postgres.connection import LIFE
from adapters.postgres.queries.json_answer import json_array
from adapters.postgres.queries.reader import CHECKPOINT
from adapters.postgres.store.row_tables import physical_name, quoted
from projections.overview import OVERVIEW, Counts

CAMPUS = "*"  # in place of the id of a run; version 1 of the read model has a row of that name, which is not counted
BY_NAME = ("outcomes", "irregular")

# What can be added up over runs is added up, of each source and of the campus; a person on several runs counts on the
# first of them only: of the source, or of the campus. (Version 3 of the read model does not know which is the first:
# until a rebuild is promoted, people are counted one by one. A generation of it has no overview_runs.)
FIRSTS = {"people": "first_people", "active_people": "first_active"}
NUMBERS = [field.name for field in msgspec.structs.fields(Counts) if field.type is int]
ADDABLE = [name for name in NUMBERS if name not in FIRSTS and not name.startswith("first_")]

# Of each run: `counts` has source and numbers, `named` the counts by name, in one row or several.
COUNTS_OF_PARTS = f"""
version AS (SELECT FROM overview_runs LIMIT 0),
parts AS MATERIALIZED (SELECT * FROM {{table}} WHERE run_id <> '{CAMPUS}'),
counts AS MATERIALIZED (
    SELECT run_id, max(source) AS source, {", ".join(f"sum({name})::bigint AS {name}" for name in NUMBERS)}
      FROM parts GROUP BY run_id),
named AS (SELECT run_id, {", ".join(BY_NAME)} FROM parts),
"""
COUNTS_OF_RUNS = f"""
counts AS MATERIALIZED (SELECT * FROM overview WHERE run_id <> '{CAMPUS}'),
named AS (SELECT run_id, {", ".join(BY_NAME)} FROM counts),
"""
ADDED = f"""
added AS (
    SELECT coalesce(source, '') AS source, grouping(source) AS whole, array_agg(run_id) AS run_ids,
           {", ".join(f"sum({name}) AS {name}" for name in ADDABLE)}
      FROM counts GROUP BY GROUPING SETS ((source), ()) HAVING count(*) > 0),
page AS (SELECT * FROM counts WHERE run_id > %(after)s ORDER BY run_id LIMIT %(limit)s),
following AS (SELECT FROM counts WHERE run_id > (SELECT max(run_id) FROM page) LIMIT 1),
"""
_SUM_BY_NAME = """
{column}_of_sums AS (
    SELECT source, whole, json_object_agg(name, number ORDER BY name) AS {column} FROM (
        SELECT coalesce(source, '') AS source, grouping(source) AS whole, name, sum(value::bigint) AS number
          FROM named JOIN (SELECT run_id, source FROM counts) AS run USING (run_id)
         CROSS JOIN jsonb_each_text({column}) AS of_run(name, value)
         GROUP BY GROUPING SETS ((source, name), (name)) HAVING sum(value::bigint) <> 0) AS by_name
     GROUP BY source, whole),
{column}_of_page AS (
    SELECT run_id, json_object_agg(name, number ORDER BY name) AS {column} FROM (
        SELECT run_id, name, sum(value::bigint) AS number
          FROM named JOIN (SELECT run_id FROM page) AS run USING (run_id)
         CROSS JOIN jsonb_each_text({column}) AS of_run(name, value)
         GROUP BY run_id, name HAVING sum(value::bigint) <> 0) AS by_name
     GROUP BY run_id),
"""
SUMS_BY_NAME = "".join(_SUM_BY_NAME.format(column=column) for column in BY_NAME)

_BY_FIRST = ", ".join(
    f"CASE grouping(source) WHEN 1 THEN sum({first}) ELSE sum({first}_of_source) END AS {name}"
    for name, first in FIRSTS.items()
)
PEOPLE = f"""
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
_NAMED = ", ".join(f"coalesce({column}, '{{}}') AS {column}" for column in BY_NAME)
SHOWN = f"""
sums AS (
    SELECT '{CAMPUS}' AS run_id, whole, source, {", ".join(ADDABLE)}, {_NAMED},
           coalesce(people, 0) AS people, coalesce(active_people, 0) AS active_people
      FROM added LEFT JOIN people USING (whole, source)
           {" ".join(f"LEFT JOIN {column}_of_sums USING (whole, source)" for column in BY_NAME)}),
runs AS (
    SELECT run_id, source, {", ".join((*ADDABLE, *FIRSTS))}, {_NAMED}
      FROM (SELECT run_id, source, {", ".join((*ADDABLE, *FIRSTS))} FROM page) AS page
           {" ".join(f"LEFT JOIN {column}_of_page USING (run_id)" for column in BY_NAME)})
"""

# Which rows there are: every write of rows updates the rows of their segments (`xmin`), also one that moves no
# checkpoint. A generation is live in one life of the log only.
LOOK = f"""
SELECT p.generation, concat_ws(' ', ({LIFE}), p.generation, string_agg(position || '.' || s.xmin, ' ' ORDER BY segment))
  FROM segments AS s JOIN projections AS p ON name = projection AND p.generation = s.generation
 WHERE name = 'overview' AND status = 'live' GROUP BY p.generation
"""
_OVERVIEW = """
WITH {counted} look (generation, rows) AS ({look})
SELECT (SELECT generation FROM look), (SELECT rows FROM look), {at},
       (SELECT {entry}::text FROM sums WHERE whole = 1), (SELECT {sources}::text FROM sums WHERE whole = 0),
       (SELECT {runs}::text FROM runs), (SELECT max(run_id) FROM page WHERE EXISTS (SELECT FROM following))
"""


@cache
def of_generation(generation: int, entry: str) -> str:
    """The statement for the parts of a generation, whatever is live; *entry* is the JSON of one row."""
    target = COUNTS_OF_PARTS.format(table=quoted(physical_name(OVERVIEW, generation)))
    return _statement(target + ADDED + SUMS_BY_NAME + PEOPLE, entry)


def one_by_one(entry: str) -> str:
    """The statement for the rows of the live generation, also of version 3."""
    return _statement(COUNTS_OF_RUNS + ADDED + SUMS_BY_NAME + PEOPLE_ONE_BY_ONE, entry)


def _statement(counted: str, entry: str) -> str:
    return _OVERVIEW.format(
        counted=f"{counted}{SHOWN},",
        look=LOOK,
        at=CHECKPOINT.format("overview"),
        entry=entry,
        sources=json_array(entry, "source"),
        runs=json_array(entry, "run_id"),
    )
