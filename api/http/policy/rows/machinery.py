"""Health and figures of the process, bulk requests, and identities for the gateway."""

from api.http.policy.cells import OF_CAMPUS, OPEN, READ, TO_ALL, TO_USERS
from api.http.policy.words import Row

MACHINERY = (
    Row("sendBulk", READ, TO_USERS, impersonated=True),  # each of its commands is asked for by itself
    Row("getHealth", OPEN, TO_ALL),
    Row("getReady", OPEN, TO_ALL),
    Row("getMetrics", OPEN, TO_ALL),
    Row("getIdentity", READ, OF_CAMPUS),  # of the gateway
)
