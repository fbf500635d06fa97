"""Event streams that pages and clients follow."""

from api.http.policy.cells import FIGURES, OF_LEARNER, OF_RUN, STREAM, TO_ITSELF, TO_USERS, USER
from api.http.policy.words import Row

EVENTS = (
    Row("streamMyEvents", STREAM, TO_ITSELF, USER, impersonated=True),
    Row("streamLearnerEvents", STREAM, OF_LEARNER, impersonated=True),
    Row("streamRunEvents", STREAM, OF_RUN),
    Row("streamOverviewEvents", STREAM, FIGURES),
    Row("streamEvents", STREAM, TO_USERS, impersonated=True),  # each topic is asked for as its own stream
)
