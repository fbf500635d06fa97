"""That a run is over, in SQL: the rule of `domain.deadlines.is_over`, which follows from the clock and from no fact."""

from domain.enrollment_errors import ENDED, OPEN


def is_over(ends_at: str, now: str) -> str:
    """SQL for whether a run that ends at one expression is over at another."""
    return f"{ends_at} <= {now}"


def shown_status(is_over: str) -> str:
    """SQL for a column `status` as it is shown: each enrollment that goes on has ended where the run *is over*."""
    going_on = ", ".join(f"'{status}'" for status in OPEN)
    return f"CASE WHEN status IN ({going_on}) AND {is_over} THEN '{ENDED}' ELSE status END"


RUN_IS_OVER = (
    f"EXISTS (SELECT FROM catalog_runs AS run WHERE run.run_id = %(run)s AND {is_over('run.ends_at', '%(now)s')})"
)
