"""
What messages say: the claims of LTI 1.3 (core 1.0.2), Deep Linking 2.0, NRPS 2.0 and AGS 2.0, by their names there.
"""

from collections.abc import Iterable, Mapping
from typing import Any

LTI = "https://purl.imsglobal.org/spec/lti/claim/"
DEEP_LINKING = "https://purl.imsglobal.org/spec/lti-dl/claim/"
VERSION = "1.3.0"
LAUNCH, CHOICE, CHOSEN = "LtiResourceLinkRequest", "LtiDeepLinkingRequest", "LtiDeepLinkingResponse"
RESOURCE_LINK = "ltiResourceLink"

AGS = "https://purl.imsglobal.org/spec/lti-ags/"
NRPS = "https://purl.imsglobal.org/spec/lti-nrps/"
SCOPE_NAMES: Mapping[str, str] = {
    "line_items": f"{AGS}scope/lineitem.readonly",
    "own_line_items": f"{AGS}scope/lineitem",
    "results": f"{AGS}scope/result.readonly",
    "scores": f"{AGS}scope/score",
    "members": f"{NRPS}scope/contextmembership.readonly",
}
"""How the specifications call what a tool may ask."""

MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
LEARNER, INSTRUCTOR = f"{MEMBERSHIP}Learner", f"{MEMBERSHIP}Instructor"
COURSE_OFFERING = "http://purl.imsglobal.org/vocab/lis/v2/course#CourseOffering"

Claims = dict[str, Any]


def of_message(kind: str, tool_id: str, course_id: str, *, is_staff: bool) -> Claims:
    """What every message says; the id of the course is the deployment."""
    return {
        "aud": tool_id,
        "azp": tool_id,
        f"{LTI}message_type": kind,
        f"{LTI}version": VERSION,
        f"{LTI}deployment_id": course_id,
        f"{LTI}roles": [INSTRUCTOR if is_staff else LEARNER],
    }


def of_platform(guid: str) -> Claims:
    """Who sends it."""
    return {f"{LTI}tool_platform": {"guid": guid, "name": "Campuslog", "product_family_code": "campuslog"}}


def of_context(context_id: str, title: str) -> Claims:
    """The run, or the course whose draft is edited."""
    return {f"{LTI}context": {"id": context_id, "label": context_id, "title": title, "type": [COURSE_OFFERING]}}


def of_resource(unit_id: str, title: str, url: str, custom: Mapping[str, str]) -> Claims:
    """What is launched."""
    return {
        f"{LTI}resource_link": {"id": unit_id, "title": title},
        f"{LTI}target_link_uri": url,
        **({f"{LTI}custom": dict(custom)} if custom else {}),
    }


def of_services(scopes: Iterable[str], run_url: str, line_item_url: str | None) -> Claims:
    """Where the tool may ask and send what, of the run at this address."""
    names = [SCOPE_NAMES[scope] for scope in scopes if scope != "members"]
    grades = {"scope": names, "lineitems": f"{run_url}/line-items"}
    return {
        **({f"{AGS}claim/endpoint": grades | ({"lineitem": line_item_url} if line_item_url else {})} if names else {}),
        **(
            {
                f"{NRPS}claim/namesroleservice": {
                    "context_memberships_url": f"{run_url}/members",
                    "service_versions": ["2.0"],
                }
            }
            if "members" in scopes
            else {}
        ),
    }


def of_choice(return_url: str, data: str) -> Claims:
    """What an editor may choose, and where the choice goes."""
    settings = {
        "deep_link_return_url": return_url,
        "accept_types": [RESOURCE_LINK],
        "accept_presentation_document_targets": ["iframe", "window"],
        "accept_multiple": True,
        "auto_create": False,
        "data": data,
    }
    return {f"{DEEP_LINKING}deep_linking_settings": settings}
