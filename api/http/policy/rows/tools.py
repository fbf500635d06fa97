"""Tools of others (LTI)."""

from api.http.policy.cells import (
    BY_ADMINS,
    BY_STAFF_OF_COURSE,
    COMMAND,
    OPEN,
    READ,
    TO_ADMINS,
    TO_ALL,
    TO_ITSELF,
    USER,
)
from api.http.policy.words import Row

TOOLS = (
    Row("registerTool", COMMAND, BY_ADMINS, step_up=True, reason=True),
    Row("listTools", READ, TO_ADMINS),
    Row("getTool", READ, TO_ADMINS),
    Row("changeTool", COMMAND, BY_ADMINS, step_up=True, reason=True),
    Row("deployTool", COMMAND, BY_ADMINS, reason=True),
    Row("undeployTool", COMMAND, BY_ADMINS, reason=True),
    Row("endTool", COMMAND, BY_ADMINS, reason=True),
    Row("launchTool", COMMAND, TO_ITSELF, USER),
    Row("beginDeepLinking", COMMAND, BY_STAFF_OF_COURSE),
    Row("listPlatformKeys", OPEN, TO_ALL),
    Row("getAuthorize", OPEN, TO_ALL),  # with what a launch has begun, in its browser
    Row("authorizeByForm", OPEN, TO_ALL),
    Row("receiveDeepLinks", OPEN, TO_ALL),  # signed by the tool
    Row("issueToolToken", OPEN, TO_ALL),  # to a tool that proves itself
    Row("listLineItems", OPEN, TO_ALL),  # from here on with the access token of a tool
    Row("getLineItem", OPEN, TO_ALL),
    Row("addLineItem", OPEN, TO_ALL),
    Row("changeLineItem", OPEN, TO_ALL),
    Row("removeLineItem", OPEN, TO_ALL),
    Row("receiveScore", OPEN, TO_ALL),
    Row("listResults", OPEN, TO_ALL),
    Row("listMembers", OPEN, TO_ALL),
)
