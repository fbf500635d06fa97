"""What the reactor measures, for Prometheus; the API shows it under /metrics."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge

REGISTRY = CollectorRegistry()
DONE = Counter("campus_reactions", "Reactions carried out.", ["reaction"], registry=REGISTRY)
REFUSED = Counter(
    "campus_reactions_refused", "Tries of a reaction that were refused or failed.", ["reaction"], registry=REGISTRY
)
WAITING = Gauge(
    "campus_reactions_waiting",
    "Reactions that were refused (code: the rule's) or have failed (code: failed), neither done since nor dismissed.",
    ["reaction", "code"],
    registry=REGISTRY,
)
OLDEST = Gauge(
    "campus_reactions_waiting_age_seconds",
    "Age of the oldest of those that wait.",
    ["reaction", "code"],
    registry=REGISTRY,
)


def show_waiting(found: Iterable[tuple[str, str, int, float]]) -> None:
    """Set what waits: reaction, code, how many, and the seconds of the oldest. A reactor on standby shows none."""
    WAITING.clear()
    OLDEST.clear()
    for reaction, code, count, age in found:
        WAITING.labels(reaction, code).set(count)
        OLDEST.labels(reaction, code).set(age)
