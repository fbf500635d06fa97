"""A course that has every kind of unit, and a quiz that has every kind of question, as an author sends them."""

from typing import Any

CHOICES = [{"option_id": each, "text": text} for each, text in (("a", "2"), ("b", "4"), ("c", "6"))]
RUBRIC = [
    {
        "criterion_id": "proof",
        "text": "The proof",
        "levels": [
            {"level_id": "none", "text": "There is none.", "points": "0"},
            {"level_id": "whole", "text": "It is whole.", "points": "2"},
        ],
    }
]


def _asked(kind: str, key: dict[str, Any], response: dict[str, Any] | None, **more: Any) -> dict[str, Any]:
    """A question, its key, and a response that is right."""
    question = {"kind": kind, "question_id": kind, "text": f"A question of the kind {kind}", "points": "1"} | more
    right = None if response is None else {"kind": kind, **response}
    return {"question": question, "key": {"kind": kind, **key}, "right": right}


ASKED = [
    _asked("single_choice", {"shares": {"b": "1"}}, {"option_id": "b"}, options=CHOICES, shuffle=True),
    _asked(
        "multiple_choice",
        {"right": ["a", "c"], "rule": "right_minus_wrong"},
        {"option_ids": ["c", "a"]},
        options=CHOICES,
    ),
    _asked("true_false", {"right": False}, {"answer": True}),
    _asked("numeric", {"answers": [{"value": "1/3", "tolerance": "0.01"}]}, {"value": "0,33"}),
    _asked("short_text", {"accepted": [{"text": "abelian"}]}, {"text": " Abelian "}),
    _asked("ordering", {"order": ["c", "a", "b"]}, {"order": ["c", "a", "b"]}, options=CHOICES),
    _asked(
        "matching",
        {"pairs": {"p": "a", "q": "b"}},
        {"pairs": {"p": "a", "q": "b"}},
        prompts=[{"option_id": "p", "text": "1 + 1"}, {"option_id": "q", "text": "2 + 2"}],
        choices=CHOICES,
    ),
    _asked(
        "cloze",
        {"gaps": {"g": {"kind": "short_text", "accepted": [{"text": "ring"}]}}},
        {"gaps": {"g": {"kind": "short_text", "text": "ring"}}},
        text="A set with two operations is a {{g}}.",
        gaps=[{"kind": "short_text", "question_id": "g", "text": ""}],
    ),
    _asked("essay", {"rubric": RUBRIC}, {"text": "Because it is so."}, points="2"),
    _asked("file_upload", {"rubric": RUBRIC}, None, points="2", accept=[".pdf"]),
]


def units(contents: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Every kind of unit of a new course; *contents* has an uploaded text, film and file, and captions."""
    captions = [{"language": "en", "label": "English", "sha256": contents["captions"]["sha256"]}]
    return [
        {
            "unit_id": "text",
            "kind": "text",
            "title": "What is a group?",
            "content": {**contents["text"], "media_type": "text/markdown"},
            "completion": {"rule": "opened"},
        },
        {
            "unit_id": "film",
            "kind": "video",
            "title": "Symmetries",
            "content": {**contents["film"], "media_type": "video/mp4"},
            "captions": captions,
            "seconds": 60,
            "completion": {"rule": "watched", "at_least_bp": 9_000},
        },
        {
            "unit_id": "file",
            "kind": "file",
            "title": "Tables",
            "content": {**contents["file"], "media_type": "application/pdf", "name": "tables.pdf"},
        },
        {"unit_id": "activity", "kind": "activity", "title": "Draw a hexagon"},
        {"unit_id": "link", "kind": "link", "title": "A history of algebra", "url": "https://example.org/algebra"},
        {"unit_id": "tool", "kind": "lti", "title": "A calculator", "url": "https://tool.example.org/launch"},
        {
            "unit_id": "exam",
            "kind": "quiz",
            "title": "Exam",
            "weight": 6_000,
            "due_after_days": 2_000,
            "after": ["text"],
        },
        {"unit_id": "paper", "kind": "assignment", "title": "Paper", "weight": 4_000, "due_after_days": 2_500},
    ]
