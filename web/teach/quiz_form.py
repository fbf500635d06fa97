"""
A quiz as its form has it: its rules, the questions that it keeps, those that come from banks, and what is drawn.

Nothing of it is kept before it is published: what the form has is all there is, and each button sends it along.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from web.teach.forms import Form, as_local, as_percent, late_fields, late_of, rows_of, rows_shown

TAKE, KEEP = "take:", "keep:"
STEPS = {"up": -1, "down": 1}
DRAWS, DRAW_FIELDS = "draw", ("bank", "category", "tags", "count")
TIMES, FEEDBACK = ("opens_at", "closes_at"), ("marks", "comments", "key")
WORDS = ("counts", "order", "hints", "honour")
TICKS = ("anonymous", "must_start")
CHOSEN = "chosen"
"""The section of questions that were taken one by one, where there are sections."""

Json = dict[str, Any]


def taken_in(fields: Mapping[str, str]) -> list[tuple[str, str]]:
    """The questions that were ticked, by bank and id."""
    return [
        (bank, name)
        for bank, _, name in (each.removeprefix(TAKE).partition(":") for each in fields if each.startswith(TAKE))
    ]


def quiz_of(form: Form, quiz: Mapping[str, Any] | None, zone: str) -> Json:
    """
    What is published, but for the questions that are taken from banks.

    Args:
        quiz: the newest version with its keys; None for a new quiz.
        zone: by whose clocks times were typed.
    """
    minutes, pass_bp = form.whole("minutes", 1, 16_666), form.percent("pass_bp")
    rules: Json = {name: form.moment(name, zone) for name in TIMES}
    rules |= {name: form[name] for name in WORDS if form[name] or name == "honour"}
    rules |= {name: bool(form[name]) for name in TICKS}
    rules |= {"grace_seconds": form.whole("grace_seconds", 0, 600) or 0, "late": late_of(form)}
    rules |= {"networks": form["networks"].replace(",", " ").split(), "markers": form.whole("markers", 1, 2) or 1}
    rules |= {"apart_bp": form.percent("apart_bp") or 0}
    rules["feedback"] = {name: form[f"feedback-{name}"] or "submitted" for name in FEEDBACK}
    body: Json = {
        "title": form["title"],
        "kind": form["kind"] or "quiz",
        "unit_id": form["unit_id"],
        "time_limit": minutes * 60 if minutes else None,
        "attempts_allowed": form.whole("attempts_allowed", 1, 1_000) or 1,
        "due_at": form.moment("due_at", zone),
        "pass_bp": 4_000 if pass_bp is None else pass_bp,
        "rules": rules,
        "password": form["password"],
        "keep_password": bool(form["keep_password"]),
        "from_banks": list(draws_of(form)),
    }
    body["questions"] = [{"question": each["question"], "key": each["key"]} for each in kept_of(form, quiz)]
    return body


def kept_of(form: Form, quiz: Mapping[str, Any] | None) -> list[Json]:
    """The questions of the version before that are ticked, in the order of their boxes."""
    items = {f"{KEEP}{each['item_id']}": each for each in (quiz or {}).get("items", ())}
    return [items[name] for name in form.fields if name in items]


def move_kept(form: Form) -> None:
    """Have a question stand one place up or down, by the button that was pressed."""
    way, _, item_id = form["do"].partition(":")
    names, name = [each for each in form.fields if each.startswith(KEEP)], f"{KEEP}{item_id}"
    if way not in STEPS or name not in names:
        return
    place = min(max(names.index(name) + STEPS[way], 0), len(names) - 1)
    names.remove(name)
    names.insert(place, name)
    others = {each: value for each, value in form.fields.items() if not each.startswith(KEEP)}
    form.fields = others | {each: form.fields[each] for each in names}


def draws_of(form: Form) -> Iterator[Json]:
    """The rows that draw from banks."""
    for no in rows_of(form.fields, DRAWS):
        bank, category, tags, _ = (form[f"{DRAWS}-{no}-{name}"] for name in DRAW_FIELDS)
        if bank:
            count = form.whole(f"{DRAWS}-{no}-count", 1, 500)
            listed = [tag.strip() for tag in tags.split(",") if tag.strip()]
            yield {"section_id": f"draw-{no}", "bank_id": bank, "category": category, "tags": listed, "count": count}


def sections_of_quiz(form: Form, quiz: Mapping[str, Any] | None, body: Json) -> list[Json]:
    """The sections of the version that is edited with what they keep, and one more for what was taken one by one."""
    ids = [each["question"]["question_id"] for each in body["questions"]]
    sections = []
    for section in (quiz or {}).get("sections", ()):
        items = sorted((each for each in section["items"] if each in ids), key=ids.index)
        if not items:
            continue
        pick = form.whole(f"pick-{section['section_id']}", 1, 500)
        sections.append({**section, "items": items, "pick": pick if pick and pick < len(items) else None})
    if not sections:
        return []
    listed = {each for section in sections for each in section["items"]}
    rest = [each for each in ids if each not in listed]
    names = {section["section_id"] for section in sections}
    for draw in body["from_banks"]:
        while draw["section_id"] in names:
            draw["section_id"] += "-more"
        names.add(draw["section_id"])
    if rest:
        name = next(each for no in range(len(names) + 1) if (each := f"{CHOSEN}-{no}") not in names)
        sections.append({"section_id": name, "title": "", "items": rest, "pick": None})
    return sections


def fields_of_quiz(quiz: Mapping[str, Any], zone: str) -> dict[str, str]:
    """The form of a version."""
    rules = quiz["rules"]
    fields = {name: str(quiz[name]) for name in ("title", "kind", "unit_id", "attempts_allowed")}
    fields |= {"minutes": str(-(-quiz["time_limit"] // 60)) if quiz["time_limit"] else ""}
    fields |= {"due_at": as_local(quiz["due_at"], zone), "pass_bp": as_percent(quiz["pass_bp"])}
    fields |= {name: as_local(rules[name], zone) for name in TIMES} | {name: rules[name] for name in WORDS}
    fields |= {name: "on" * bool(rules[name]) for name in TICKS} | late_fields(rules["late"])
    fields |= {"grace_seconds": str(rules["grace_seconds"]), "networks": " ".join(rules["networks"])}
    fields |= {"markers": str(rules["markers"]), "apart_bp": as_percent(rules["apart_bp"])}
    shown = {"marks": "submitted", "comments": "submitted", "key": "closed", **rules["feedback"]}
    fields |= {f"feedback-{name}": shown[name] for name in FEEDBACK}
    fields |= {"keep_password": "on" * bool(rules["has_password"])}
    fields |= {f"{KEEP}{each['item_id']}": "on" for each in quiz["items"]}
    return fields | {f"pick-{each['section_id']}": str(each.get("pick") or "") for each in quiz["sections"]}


def rows_of_draws(form: Form) -> Sequence[int]:
    """The rows for draws that a form shows."""
    return rows_shown(form, {DRAWS: 1})[DRAWS]
