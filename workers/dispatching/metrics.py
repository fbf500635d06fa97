"""What the dispatcher measures, for Prometheus; the API shows it under /metrics."""

from prometheus_client import CollectorRegistry, Counter, Gauge

from adapters.postgres.ops.reconciliations import Last
from adapters.procrastinate.derived import JobCounts

REGISTRY = CollectorRegistry()
DONE = Counter("campus_jobs", "Jobs carried out.", ["job"], registry=REGISTRY)
TRIES_FAILED = Counter("campus_job_tries_failed", "Tries of a job that failed.", ["job"], registry=REGISTRY)
DUE = Gauge("campus_jobs_due", "Jobs that are due and have not begun.", registry=REGISTRY)
OLDEST = Gauge("campus_jobs_oldest_due_seconds", "Since when the oldest of them is due.", registry=REGISTRY)
WAITING = Gauge("campus_jobs_waiting", "Jobs whose time has not come.", registry=REGISTRY)
FAILED = Gauge("campus_jobs_failed", "Jobs that have failed for good.", registry=REGISTRY)
FINDINGS = Gauge("campus_reconciliation_findings", "Of the last reconciliation.", ["kind"], registry=REGISTRY)
AGE = Gauge("campus_reconciliation_age_seconds", "Since the last reconciliation was done.", registry=REGISTRY)
FAILING = Gauge("campus_reconciliation_failing", "1 while a later one has failed.", registry=REGISTRY)


def show(counts: JobCounts) -> None:
    """Set how the jobs stand. A dispatcher on standby shows none."""
    DUE.set(counts.due)
    OLDEST.set(counts.oldest_due_seconds)
    WAITING.set(counts.waiting)
    FAILED.set(counts.failed)


def show_reconciliation(last: Last | None) -> None:
    """Set what the last reconciliation has found, whichever process has made it."""
    if last is None:
        return
    for kind, number in (last.counts or {}).items():
        FINDINGS.labels(kind).set(number)
    if last.age_seconds is not None:
        AGE.set(last.age_seconds)
    FAILING.set(last.failure is not None)
