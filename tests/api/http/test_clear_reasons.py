"""Who gives a reason reads there whether it stays in clear."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

from adapters.settings import Settings
from api.app import build
from domain.personal import words_of
from domain.registry import FACTS

NOWHERE = Settings(postgres_url="x", nats_url="x", valkey_url="x", token_secret="only-for-the-description")
FACT_OF = {
    "decideOutcome": "progress.course_outcome_decided",
    "withdraw": "enrollment.withdrawn",
    "grantExtensions": "enrollment.extension_granted",
    "withdrawExtensions": "enrollment.extension_withdrawn",
    "resumeEnrollment": "enrollment.resumed",
    "suspendEnrollment": "enrollment.suspended",
    "transfer": "enrollment.transferred",
    "waivePrerequisites": "admission.prerequisites_waived",
    "grantAllowance": "allowance.granted",
    "overrideGrade": "attempt.grade_overridden",
    "proposeRegrade": "regrade.proposed",
    "makeWebhook": "webhook.created",
    "rotateWebhookSecret": "webhook.secret_rotated",
    "changeWebhook": "webhook.changed",
    "disableWebhook": "webhook.disabled",
    "enableWebhook": "webhook.enabled",
    "removeWebhook": "webhook.removed",
    "replayWebhook": "webhook.replay_requested",
    "resendToWebhook": "webhook.resend_requested",
    "retireQuestion": "question.retired",
    "restoreQuestion": "question.restored",
    "dismissJob": "job.dismissed",
    "dismissReaction": "reaction.dismissed",
    "skipParked": "projection.fact_skipped",
    "rebuildProjection": "projection.rebuild_requested",
    "promoteProjection": "projection.switch_requested",
    "rollBackProjection": "projection.switch_requested",
    "stopProjectionJob": "projection.job_stopped",
    "startBulk": "bulk.started",
    "importRoster": "bulk.started",
    "importGrades": "bulk.started",
    "changeSetting": "setting.changed",
    "withdrawAnnouncement": "announcement.withdrawn",
    "cancelOrder": "order.cancelled",
    "refundOrder": "order.refund_requested",
    "retireProduct": "product.retired",
    "retireCoupon": "coupon.retired",
    "grantEntitlement": "entitlement.granted",
    "revokeEntitlement": "entitlement.revoked",
    "cancelSubscription": "subscription.cancelled",
    "endSubscription": "subscription.cancelled",
    "dismissProviderEvent": "provider.event_dismissed",
    "breakGlass": "break_glass.opened",
    "suspendAccount": "user.suspended",
    "reinstateAccount": "user.reinstated",
    "findAccount": "record.viewed",
    "impersonate": "session.impersonated",
    "revokeCredential": "progress.credential_revoked",
    "grantRole": "role.granted",
    "revokeRole": "role.revoked",
    "resolveSignedLogDispute": "checkpoint.dispute_resolved",
    "registerClient": "client.registered",
    "addCredential": "client.credential_added",
    "removeCredential": "client.credential_removed",
    "endClient": "client.ended",
    "registerTool": "lti_tool.registered",
    "changeTool": "lti_tool.changed",
    "deployTool": "lti_tool.deployed",
    "undeployTool": "lti_tool.undeployed",
    "endTool": "lti_tool.ended",
}
"""The fact that has the reason of a route."""
IN_META = {"endSessions", "removeLostFactors"}
"""Routes whose reason stands in the meta of their facts, which is always sealed."""


def reasons(app: FastAPI) -> Iterator[tuple[str, dict[str, Any]]]:
    """The routes that take a reason in their body, and what the description says of it."""
    document = app.openapi()
    schemas = document["components"]["schemas"]
    for path in document["paths"].values():
        for operation in path.values():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
            if "reason" in (fields := schemas.get(name, {}).get("properties", {})):
                yield operation["operationId"], fields["reason"]


def test_a_reason_that_stays_in_clear_says_so() -> None:
    """And no other one: what can name a person is sealed with a key that can be destroyed (docs/privacy.md)."""
    found = dict(reasons(build(NOWHERE)))
    assert set(found) == {*FACT_OF, *IN_META}
    says = {name for name, field in found.items() if "stays in clear" in field.get("description", "")}
    assert says == {name for name, fact in FACT_OF.items() if "reason" not in words_of(FACTS[fact])}
