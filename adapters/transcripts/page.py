"""The transcript as a page: one file without scripts, fonts or addresses, for a screen and for paper."""

from datetime import datetime
from html import escape

from adapters.personal.export_page import NOTHING, entries, style, table
from adapters.transcripts.transcript import Transcript, TranscriptRun

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Transcript</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
{style}</style>
</head>
<body>
<main>
<h1>Transcript</h1>
{head}
{runs}
<p>As of {now}, in UTC. Whether a credential is valid, this campus says at /v1/credentials/ID/page.</p>
</main>
</body>
</html>
"""


def transcript_page(transcript: Transcript, now: datetime) -> bytes:
    """The page, in UTF-8, as it is at the time *now*."""
    who = [("Campus", transcript.campus), ("Number of the learner", transcript.learner_id)]
    if transcript.name:
        who.insert(1, ("Name", transcript.name))
    runs = "\n".join(map(_run, transcript.runs)) or "<p>No course so far.</p>"
    text = PAGE.format(style=style(), head=entries(who), runs=runs, now=f"{now:%Y-%m-%d %H:%M}")
    return text.encode()


def _run(run: TranscriptRun) -> str:
    about = [
        ("Run", run.run_id),
        ("Status", run.status),
        ("Place since", _day(run.place_at)),
        ("Completed", _day(run.completed_at)),
        ("Withdrawn", _day(run.withdrawn_at)),
        ("Percent done", _percent(run.percent)),
        ("Final grade", _percent(run.grade_bp) + (f" ({run.letter})" if run.letter else "")),
        ("Outcome", run.outcome or NOTHING),
    ]
    parts = [f"<h2>{escape(run.title or run.course_id or run.run_id)}</h2>", entries(about)]
    if len(run.outcomes) > 1:
        rows = ((_day(each.at), each.outcome, _percent(each.grade_bp), each.policy) for each in run.outcomes)
        parts += ["<h3>How the outcome was revised</h3>", table(("on", "outcome", "grade", "by"), rows)]
    if run.credentials:
        rows = (
            (each.credential_id, _day(each.issued_at), each.status, _day(each.revoked_at)) for each in run.credentials
        )
        parts += ["<h3>Credentials</h3>", table(("id", "issued", "status", "revoked"), rows)]
    return f"<section>\n{chr(10).join(parts)}\n</section>"


def _day(at: datetime | None) -> str:
    return NOTHING if at is None else f"{at:%Y-%m-%d}"


def _percent(bp: int | None) -> str:
    return NOTHING if bp is None else f"{bp // 100}.{bp % 100:02} %"
