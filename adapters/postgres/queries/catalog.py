"""Courses, runs and quizzes, from the rows of projections/catalog.py."""

from adapters.postgres.queries.reader import CHECKPOINT, Answer, Page, Reader

_AT = CHECKPOINT.format("catalog")

# Pages in the order of the ids, after the last id of the page before ('' for the first page).
PAGE = f"""
SELECT {_AT}, page.id, page.body FROM (SELECT) AS once LEFT JOIN LATERAL ({{}}) AS page ON true ORDER BY page.id
"""
COURSES = PAGE.format("""
SELECT course_id AS id, to_json(c)::text AS body
  FROM catalog_courses AS c WHERE course_id > %(after)s ORDER BY course_id LIMIT %(limit)s""")
RUNS = PAGE.format("""
SELECT run_id AS id, to_json(r)::text AS body FROM catalog_runs AS r
 WHERE run_id > %(after)s AND (%(course)s::text IS NULL OR course_id = %(course)s) ORDER BY run_id LIMIT %(limit)s""")
QUIZZES = PAGE.format("""
SELECT quiz_id AS id, (to_jsonb(q) - 'items')::text AS body
  FROM catalog_quizzes AS q WHERE run_id = %(run)s AND quiz_id > %(after)s ORDER BY quiz_id LIMIT %(limit)s""")

# One of each, with all that belongs to it.
COURSE = f"""
SELECT {_AT}, (SELECT json_build_object(
    'course_id', course_id, 'title', title, 'summary', summary, 'language', language, 'created_at', created_at,
    'versions', (SELECT coalesce(json_agg(json_build_object('version', version, 'units', json_array_length(units::json),
        'structure_hash', structure_hash, 'published_at', published_at) ORDER BY version), '[]')
                   FROM catalog_structures AS s WHERE s.course_id = c.course_id),
    'runs', (SELECT coalesce(json_agg(run_id ORDER BY run_id), '[]') FROM catalog_runs AS r
              WHERE r.course_id = c.course_id))::text
    FROM catalog_courses AS c WHERE course_id = %(course)s)
"""
STRUCTURE = f"""
SELECT {_AT}, (SELECT to_json(s)::text FROM catalog_structures AS s
                WHERE course_id = %(course)s AND version = %(version)s)
"""
RUN = f"SELECT {_AT}, (SELECT to_json(r)::text FROM catalog_runs AS r WHERE run_id = %(run)s)"
QUIZ = f"SELECT {_AT}, (SELECT to_json(q)::text FROM catalog_quizzes AS q WHERE quiz_id = %(quiz)s)"


async def courses(reader: Reader, after: str, limit: int) -> Page:
    """A page of courses."""
    return await reader.page(COURSES, {"after": after, "limit": limit})


async def runs(reader: Reader, course_id: str | None, after: str, limit: int) -> Page:
    """A page of runs, of one course or of all."""
    return await reader.page(RUNS, {"course": course_id, "after": after, "limit": limit})


async def quizzes(reader: Reader, run_id: str, after: str, limit: int) -> Page:
    """A page of the quizzes of a run, without their items."""
    return await reader.page(QUIZZES, {"run": run_id, "after": after, "limit": limit})


async def course(reader: Reader, course_id: str) -> Answer:
    """One course, with its versions and the ids of its runs."""
    return await reader.answer(COURSE, {"course": course_id})


async def structure(reader: Reader, course_id: str, version: int) -> Answer:
    """The units of one version of a course."""
    return await reader.answer(STRUCTURE, {"course": course_id, "version": version})


async def run(reader: Reader, run_id: str) -> Answer:
    """One run."""
    return await reader.answer(RUN, {"run": run_id})


async def quiz(reader: Reader, quiz_id: str) -> Answer:
    """One quiz with its items; the read model does not know its key."""
    return await reader.answer(QUIZ, {"quiz": quiz_id})
