"""
The document of a credential, before it is signed: an OpenBadgeCredential of Open Badges 3.0 (1EdTech), which is a
Verifiable Credential of the W3C's data model 2.0.

The same facts give the same document, to the byte. It names the holder only where the holder asks for it.
"""

from typing import Any

from adapters.credentials.issued import Issued
from domain.score import FULL

CREDENTIALS = "https://www.w3.org/ns/credentials/v2"
BADGES = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
IDENTIFIERS = "https://www.w3.org/ns/cid/v1"
OUTCOMES = {"pass": "passed", "distinction": "passed with distinction"}


def base_of(web_url: str) -> str:
    """Where what is said about credentials stands."""
    return f"{web_url}/v1/credentials"


def issuer_of(web_url: str) -> str:
    """The id of the campus as an issuer, under which its keys are found."""
    return f"{base_of(web_url)}/issuer"


def unsigned(issued: Issued, web_url: str, campus: str, holder: str | None) -> dict[str, Any]:
    """
    The document of a credential.

    Args:
        web_url: where browsers reach the campus.
        campus: the name of the campus.
        holder: the holder's name as it is to be seen in it, None for no name.
    """
    says, here = issued.says, f"{base_of(web_url)}/{issued.says.credential_id}"
    course = f"{web_url}/v1/courses/{says.course_id}"
    title = says.course_title or says.course_id
    subject: dict[str, Any] = {"id": f"{here}#holder", "type": ["AchievementSubject"]}
    if holder:
        subject["identifier"] = [
            {"type": "IdentityObject", "hashed": False, "identityHash": holder, "identityType": "name"}
        ]
    subject["achievement"] = {
        "id": f"{course}#version-{says.course_version}",
        "type": ["Achievement"],
        "achievementType": "Course",
        "name": title,
        "description": f"The course {title}, version {says.course_version}",
        "criteria": {"narrative": f"The course is passed by the grading policy of its version {says.course_version}."},
    }
    subject["result"] = [{"type": ["Result"], "status": "Completed", "value": OUTCOMES.get(says.outcome, says.outcome)}]
    if says.grade_bp is not None:
        subject["result"].append({"type": ["Result"], "value": f"{percent(says.grade_bp)} %"})
    if says.letter is not None:
        subject["result"].append({"type": ["Result"], "value": says.letter})
    return {
        "@context": [CREDENTIALS, BADGES],
        "id": f"urn:uuid:{says.credential_id}",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": title,
        "issuer": {"id": issuer_of(web_url), "type": ["Profile"], "name": campus, "url": web_url},
        "validFrom": moment(issued),
        "credentialSubject": subject,
        "credentialStatus": {"id": f"{here}/revocations", "type": "1EdTechRevocationList"},
    }


def moment(issued: Issued) -> str:
    """When it was issued, to the second, as XML Schema's dateTimeStamp."""
    return issued.issued_at.strftime("%Y-%m-%dT%H:%M:%SZ")


def percent(grade_bp: int) -> str:
    """Basis points as a percentage with two places."""
    return f"{grade_bp * 100 // FULL}.{grade_bp % 100:02}"
