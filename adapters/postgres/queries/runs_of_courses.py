"""The runs of some courses, as the catalog has them."""

from collections.abc import Sequence

from adapters.postgres.queries.reader import Reader

RUNS = "SELECT run_id FROM catalog_runs WHERE course_id = ANY(%(courses)s)"


async def runs_of_courses(reader: Reader, courses: Sequence[str]) -> list[str]:
    """Their ids."""
    return [run_id for (run_id,) in await reader.rows(RUNS, {"courses": list(courses)})]
