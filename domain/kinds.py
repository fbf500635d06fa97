"""The kinds of units: which carry a score, and which do not; both sets are closed for what is published from now on."""

from typing import Annotated

import msgspec

SCORED_KINDS = ("quiz", "tma", "cma", "exam", "assignment", "essay")
"""Kinds of units that are completed by attempts at a quiz, or by staff."""

UNSCORED_KINDS = frozenset(
    {
        *("page", "video", "reading", "exercise", "forum", "site", "lesson", "audio", "file", "link", "live", "survey"),
        *("text", "activity", "lti"),
        # the activity types of OULAD
        *("dataplus", "dualpane", "externalquiz", "folder", "forumng", "glossary", "homepage", "htmlactivity"),
        *("oucollaborate", "oucontent", "ouelluminate", "ouwiki", "questionnaire", "repeatactivity", "resource"),
        *("sharedsubpage", "subpage", "url"),
    }
)
"""Kinds of units that a learner completes by hand, unless a unit says otherwise (domain.catalog.unit)."""

KINDS = frozenset({*SCORED_KINDS, *UNSCORED_KINDS})

Kind = Annotated[str, msgspec.Meta(extra_json_schema={"x-extensible-enum": sorted(KINDS)})]
"""A kind in an answer: what an earlier version published may have another word."""


def plain_kind(kind: str) -> str:
    """The kind that a word means: `Quiz` is `quiz`. A word that means none is left as it is."""
    word = kind.strip().casefold()
    return word if word in KINDS else kind


def has_score(kind: str) -> bool:
    """Whether units of a kind are completed by attempts; a stored word that means no kind says no."""
    return plain_kind(kind) in SCORED_KINDS
