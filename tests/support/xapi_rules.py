"""
The rules of the xAPI specification 1.0.3 (Part Two: Experience API Data) that a statement of ours could break.

Written from the specification, section by section, since no package of PyPI checks statements.
"""

import re
import uuid
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

STATEMENT = {"id", "actor", "verb", "object", "result", "context", "timestamp"}
RESULT = {"score", "success", "completion", "response", "duration", "extensions"}
CONTEXT = {"registration", "instructor", "contextActivities", "platform", "language", "extensions"}
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z")  # RFC 5646
ADL_VERBS = {
    *("answered", "asked", "attempted", "attended", "commented", "completed", "exited", "experienced", "failed"),
    *("imported", "initialized", "interacted", "launched", "mastered", "passed", "preferred", "progressed"),
    *("registered", "responded", "resumed", "scored", "shared", "suspended", "terminated", "voided"),
}


def check_statement(said: dict[str, Any]) -> None:
    """Fail for what the specification does not allow."""
    assert set(said) <= STATEMENT, "2.4: stored, authority and version are the store's"
    assert {"actor", "verb", "object"} <= set(said), "2.4: required"
    _no_nulls(said)
    assert str(uuid.UUID(said["id"])) == said["id"], "2.4.1: a UUID in its standard form"
    _check_agent(said["actor"])
    _check_verb(said["verb"])
    _check_activity(said["object"])
    _check_result(said.get("result", {}))
    _check_context(said["context"])
    stamp = said["timestamp"]
    assert datetime.fromisoformat(stamp).tzinfo is not None, "4.5: ISO 8601 with a time zone"
    assert stamp.endswith("Z"), "4.5: UTC, which need not be converted"


def _no_nulls(value: Any) -> None:
    """2.2: no value is null, except within extensions, where we have none either."""
    assert value is not None
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _no_nulls(each)


def check_iri(text: str) -> None:
    """4.3 of the specification, and RFC 3987: absolute, without spaces."""
    parts = urlsplit(text)
    assert parts.scheme in ("http", "https"), text
    assert parts.netloc, text
    assert not re.search(r"[\s<>\"{}|\\^`]", text), text


def _check_agent(agent: dict[str, Any]) -> None:
    """2.4.2.1 and 2.4.2.4: one identifier; and ours: an account, no name, no address."""
    assert set(agent) == {"objectType", "account"}
    assert agent["objectType"] == "Agent"
    assert set(agent["account"]) == {"homePage", "name"}
    check_iri(agent["account"]["homePage"])
    assert agent["account"]["name"]
    assert "@" not in agent["account"]["name"]


def _check_verb(verb: dict[str, Any]) -> None:
    """2.4.3: an IRI, and a language map."""
    assert set(verb) == {"id", "display"}
    check_iri(verb["id"])
    _check_language_map(verb["display"])
    if verb["id"].startswith("http://adlnet.gov/expapi/verbs/"):
        assert verb["id"].rpartition("/")[2] in ADL_VERBS


def _check_language_map(said: dict[str, str]) -> None:
    """4.2: keys are tags of RFC 5646, values are texts."""
    assert said
    assert all(LANGUAGE.match(name) and isinstance(text, str) for name, text in said.items())


def _check_activity(activity: dict[str, Any]) -> None:
    """2.4.4.1: an IRI, and a definition with a type."""
    assert set(activity) == {"objectType", "id", "definition"}
    assert activity["objectType"] == "Activity"
    check_iri(activity["id"])
    check_iri(activity["definition"]["type"])


def _check_result(result: dict[str, Any]) -> None:
    """2.4.5: kinds of its values, and the score within its bounds (2.4.5.1)."""
    assert set(result) <= RESULT
    assert all(isinstance(result[name], bool) for name in ("success", "completion") if name in result)
    assert isinstance(result.get("response", ""), str)
    if score := result.get("score"):
        assert set(score) <= {"scaled", "raw", "min", "max"}
        assert -1 <= score["scaled"] <= 1
        assert score["min"] <= score["raw"] <= score.get("max", score["raw"])
        assert score["min"] < score.get("max", score["min"] + 1)


def _check_context(context: dict[str, Any]) -> None:
    """2.4.6: a registration is a UUID, an instructor an agent; activities are lists; extensions have IRIs (4.1)."""
    assert set(context) <= CONTEXT
    if "registration" in context:
        assert str(uuid.UUID(context["registration"])) == context["registration"]
    if "instructor" in context:
        _check_agent(context["instructor"])
    for name, activities in context.get("contextActivities", {}).items():
        assert name in ("parent", "grouping", "category", "other")
        for activity in activities:
            _check_activity(activity)
    for name in context["extensions"]:
        check_iri(name)
