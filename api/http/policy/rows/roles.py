"""Who has which role, clients and their credentials, and this table itself."""

from api.http.policy.cells import BY_ADMINS, COMMAND, OPEN, READ, TO_ADMINS, TO_ALL, TO_ITSELF, USER
from api.http.policy.words import Row

ROLES = (
    Row("listRoles", READ, TO_ADMINS),
    Row("listMyRoles", READ, TO_ITSELF, USER, impersonated=True),
    Row("grantRole", COMMAND, BY_ADMINS, step_up=True, reason=True),
    Row("revokeRole", COMMAND, BY_ADMINS, step_up=True, reason=True),
    Row("registerClient", COMMAND, BY_ADMINS, step_up=True, reason=True),
    Row("addCredential", COMMAND, BY_ADMINS, step_up=True, reason=True),
    Row("removeCredential", COMMAND, BY_ADMINS, reason=True),
    Row("endClient", COMMAND, BY_ADMINS, reason=True),
    Row("listClients", READ, TO_ADMINS),
    Row("getClient", READ, TO_ADMINS),
    Row("issueClientToken", OPEN, TO_ALL),
    Row("getAuthorizationServer", OPEN, TO_ALL),
    Row("getPolicy", READ, TO_ADMINS),
)
