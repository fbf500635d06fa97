"""
Three questions to OULAD, answered through the SDK: when do learners leave, does early activity predict the result,
which assessments are late.

    python docs/notebooks/oulad.py                    the answers, from the campus that is running here
    python docs/notebooks/oulad.py --export DIR       from an export of its log (`campus log export DIR`)
    python docs/notebooks/oulad.py --json             the numbers of the answers
    python docs/notebooks/oulad.py --html FILE        answers and plots in one file, which needs no network to be read
    marimo run docs/notebooks/oulad.py                the same with plots, in a browser; arguments after `--`

The environment may say so, too: OULAD_DATA=DIRECTORY of a running campus, or OULAD_EXPORT=DIRECTORY of an export.
"""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Three questions to OULAD")


@app.cell
def _():
    import argparse
    import os

    import marimo as mo

    def arguments() -> argparse.Namespace:
        """The arguments: of a script, else those of marimo after `--`."""
        parser = argparse.ArgumentParser(prog="oulad.py", description="Three questions to OULAD, answered.")
        where = parser.add_mutually_exclusive_group()
        where.add_argument("--data", metavar="DIR", help="data directory of a running campus (else it is found)")
        where.add_argument("--export", metavar="DIR", help="an export of its log: `campus log export DIR`")
        parser.add_argument("--json", action="store_true", help="print the numbers of the answers")
        parser.add_argument("--html", metavar="FILE", help="write answers and plots into one file, to be read offline")
        if as_script:
            return parser.parse_args()
        given = mo.cli_args()
        return argparse.Namespace(data=given.get("data"), export=given.get("export"), json="json" in given, html=None)

    def refuse(sentence: object) -> None:
        """Say in one sentence why there is no answer, and end."""
        if as_script:
            raise SystemExit(f"oulad.py: {sentence}")
        mo.stop(True, mo.callout(str(sentence), kind="danger"))

    as_script = mo.app_meta().mode == "script"
    asked = arguments()
    if not asked.data and not asked.export:
        asked.data, asked.export = os.environ.get("OULAD_DATA"), os.environ.get("OULAD_EXPORT")
    return as_script, asked, mo, refuse


@app.cell
def _(asked):
    _ = asked  # report a wrong argument before these imports, which are slow

    import altair as alt
    import polars as pl

    import campuslog

    def percent(share: float) -> str:
        """A share in words; one below 1 % keeps a decimal, so that few are not none."""
        return f"{share:.1%}" if 0 < share < 0.01 else f"{share:.0%}"

    def legend(title: str, **more: object) -> alt.Legend:
        """A legend below the plot, where no name in it is cut."""
        return alt.Legend(orient="bottom", labelLimit=0, titleLimit=0, title=title, **more)

    return alt, campuslog, legend, percent, pl


@app.cell
def _(asked, campuslog, pl, refuse):
    source = "import:oulad"  # a campus may have other runs, such as those of its seed
    try:
        campus = campuslog.Campus.from_export(asked.export) if asked.export else campuslog.Campus(asked.data)
        scheduled = campus.events("run.scheduled").polars().filter(pl.col("source") == source)
    except (campuslog.CampusError, campuslog.ExportError, campuslog.SettingsError, campuslog.Unavailable) as _error:
        refuse(_error)
    if scheduled.is_empty():
        refuse("OULAD is not in this campus: run `campus import oulad FILE.zip` first")
    return campus, scheduled


@app.cell
def _(campus, pl, scheduled):
    runs = scheduled.select("run_id", "starts_at", "ends_at")

    # One row for each place on a run: who, with what result, and when the learner left, if at all.
    _results = campus.events("progress.course_outcome_decided").polars().select("run_id", "learner_id", "outcome")
    _left = (
        campus.events("enrollment.withdrawn")
        .polars()
        .group_by("run_id", "learner_id")
        .agg(pl.col("occurred_at").min().alias("left_at"))
    )
    places = (
        campus.events("enrollment.requested")
        .polars()
        .select("run_id", "learner_id")
        .unique()
        .join(_results, on=["run_id", "learner_id"], how="left")
        .join(_left, on=["run_id", "learner_id"], how="left")
        .join(runs, on="run_id")
        .with_columns(left_on=(pl.col("left_at") - pl.col("starts_at")).dt.total_days())
    )
    return places, runs


@app.cell
def _(mo, places, runs):
    mo.md(
        f"""
        # Three questions to OULAD

        The [Open University Learning Analytics Dataset](https://doi.org/10.1038/sdata.2017.171) (CC BY 4.0) as
        the log of a campus holds it: **{places["learner_id"].n_unique():,} learners** with **{len(places):,} places**
        on **{len(runs)} runs**. Day 0 is the first day of a run.
        """
    )


@app.cell
def _(alt, legend, mo, pl, places):
    # When do learners leave?
    left = places.filter(pl.col("left_on").is_not_null())
    leaving = (
        left.with_columns(week=pl.col("left_on").floordiv(7))
        .group_by("week")
        .agg(learners=pl.len())
        .sort("week")
        .with_columns(when=pl.when(pl.col("week") < 0).then(pl.lit("before the start")).otherwise(pl.lit("after it")))
    )
    _running = leaving.filter(pl.col("week") >= 0)
    _busiest = _running.sort("learners", "week", descending=[True, False]).row(0, named=True)
    _of_those_who_began = left.filter(pl.col("left_on") >= 0)["left_on"]
    leave = {
        "places": len(places),
        "left": len(left),
        "before_start": left.filter(pl.col("left_on") < 0).height,
        "unknown_day": places.filter(outcome="withdrawn").filter(pl.col("left_on").is_null()).height,
        "busiest_week": _busiest["week"],
        "left_in_busiest_week": _busiest["learners"],
        "median_day": _of_those_who_began.median(),
    }
    leave["sentence"] = (
        f"Of {leave['places']:,} places {leave['left']:,} ({leave['left'] / leave['places']:.0%}) were given up, "
        f"{leave['before_start']:,} of them ({leave['before_start'] / leave['left']:.0%}) before the run had begun. "
        f"After that, most leave in week {leave['busiest_week']} ({leave['left_in_busiest_week']:,} learners), and "
        f"half of those who leave a run that has begun are gone by day {leave['median_day']:.0f}."
    )
    if leave["unknown_day"]:
        leave["sentence"] += f" Another {leave['unknown_day']:,} have withdrawn on an unknown day."
    _first, _last = leaving["week"].min(), leaving["week"].max() + 1
    leave_plot = (
        alt.Chart(leaving.with_columns(until=pl.col("week") + 1))
        .mark_bar()
        .encode(
            x=alt.X(
                "week:Q",
                title="week of the run (0 is the first; before it, negative)",
                scale=alt.Scale(domain=[_first, _last], nice=False),
            ).axis(tickMinStep=1),
            x2="until:Q",
            y=alt.Y("learners:Q", title="learners who left in that week"),
            color=alt.Color("when:N", legend=legend("left"), sort=["before the start", "after it"]),
            tooltip=["week", "learners"],
        )
        .properties(width=640, height=280)
    )
    mo.vstack([mo.md("## When do learners leave?"), leave_plot, mo.md(leave["sentence"])])
    return leave, leave_plot


@app.cell
def _(campus, campuslog, mo):
    # How much each learner did in the first four weeks: a projection of this notebook, run over the log.
    early = campus.rebuild(campuslog.load_projection(mo.notebook_dir().parent / "examples" / "early_activity.py"))
    return (early,)


@app.cell
def _(early, pl, places):
    # Does early activity predict the result?
    early_days, fifths, good = 28, 5, ["pass", "distinction"]
    active = early.early_activity
    stayed = (
        places.join(active.select("run_id").unique(), on="run_id")  # the release has activity of some runs only
        .filter(pl.col("outcome").is_not_null(), pl.col("left_on").is_null() | (pl.col("left_on") >= early_days))
        .join(active.select("run_id", "learner_id", "amount"), on=["run_id", "learner_id"], how="left")
        .with_columns(amount=pl.col("amount").fill_null(0), passed=pl.col("outcome").is_in(good))
        .sort("run_id", "amount", "learner_id")
        .with_columns(rank=pl.col("amount").rank("average").over("run_id"), of=pl.len().over("run_id"))
        .with_columns(fifth=(pl.int_range(pl.len()).over("run_id") * fifths).floordiv(pl.col("of")).cast(pl.Int64) + 1)
    )
    # Of all pairs of one who passed and one who did not, on the same run: in how many did the first do more?
    _by_run = stayed.group_by("run_id").agg(
        passed=pl.col("passed").sum().cast(pl.Int64),
        failed=(~pl.col("passed")).sum().cast(pl.Int64),
        ranks=pl.col("rank").filter(pl.col("passed")).sum(),
    )
    _pairs = (_by_run["passed"] * _by_run["failed"]).sum()
    _right = (_by_run["ranks"] - _by_run["passed"] * (_by_run["passed"] + 1) / 2).sum()
    _shares = stayed.group_by("fifth").agg(share=pl.col("passed").mean()).sort("fifth")["share"]
    predict = {
        "learners": len(stayed),
        "runs": stayed["run_id"].n_unique(),
        "passed_least_active": _shares[0],
        "passed_most_active": _shares[-1],
        "pairs_right": _right / _pairs,
    }
    _verdict = "No"
    if predict["pairs_right"] >= 0.6:
        _verdict = "Yes, and well" if predict["pairs_right"] >= 0.8 else "Yes, though not for every learner"
    predict["sentence"] = (
        f"{_verdict}. Among {predict['learners']:,} learners who were still there on day {early_days} (on "
        f"{predict['runs']} {'run' if predict['runs'] == 1 else 'runs'}), {predict['passed_least_active']:.0%} of the "
        f"least active fifth passed in the end, and {predict['passed_most_active']:.0%} of the most active. Of two "
        f"learners on one run, one of whom passes and the other does not, it is the one with more early activity in "
        f"{predict['pairs_right']:.0%} of all pairs (50% would be a guess)."
    )
    _outcomes = ["distinction", "pass", "fail", "withdrawn"]
    results_by_fifth = (
        stayed.group_by("fifth", "outcome")
        .agg(learners=pl.len())
        .with_columns(share=pl.col("learners") / pl.col("learners").sum().over("fifth"))
        .with_columns(order=pl.col("outcome").replace_strict({name: n for n, name in enumerate(_outcomes)}))
        .sort("fifth", "order")
    )
    return early_days, predict, results_by_fifth


@app.cell
def _(alt, early_days, legend, mo, predict, results_by_fifth):
    predict_plot = (
        alt.Chart(results_by_fifth)
        .mark_bar()
        .encode(
            x=alt.X(
                "fifth:O", title=f"fifth by activity in the first {early_days} days of the run (5 is the most active)"
            ).axis(labelAngle=0),
            y=alt.Y("share:Q", title="share of the learners in it", axis=alt.Axis(format="%")),
            color=alt.Color("outcome:N", legend=legend("result"), sort=alt.EncodingSortField("order", op="min")),
            order=alt.Order("order:Q"),
            tooltip=["fifth", "outcome", "learners", alt.Tooltip("share", format=".1%")],
        )
        .properties(width=640, height=280)
    )
    mo.vstack([mo.md("## Does early activity predict the result?"), predict_plot, mo.md(predict["sentence"])])
    return (predict_plot,)


@app.cell
def _(campus, percent, pl, runs):
    # Which assessments are late?
    fewest, shown, nearly_all = 30, 10, 0.95  # submissions for a share; assessments in the plot; a share
    _due = (
        campus.events("quiz.published")
        .polars()
        .filter(pl.col("due_at").is_not_null())
        .join(runs, on="run_id")
        .with_columns(due_on=(pl.col("due_at") - pl.col("starts_at")).dt.total_days())
        .select("run_id", "unit_id", pl.col("kind").str.to_uppercase(), "due_on")
    )
    _submitted = campus.events("attempt.submitted").polars().filter(~pl.col("banked"))
    assessments = (
        _submitted.join(_due, on=["run_id", "unit_id"])
        .group_by("run_id", "unit_id", "kind", "due_on")
        .agg(
            submitted=pl.len(),
            late=(pl.col("late_by") > 0).sum().cast(pl.Int64),
            days_late=pl.col("late_by").filter(pl.col("late_by") > 0).median() / 86_400,
        )
        .with_columns(
            share=pl.col("late") / pl.col("submitted"),
            assessment=pl.format("{} {}, day {} ({})", "run_id", "kind", "due_on", "unit_id"),
        )
        .with_columns(
            date=pl.when(pl.col("share") < nearly_all).then(pl.lit("deadline")).otherwise(pl.lit("no deadline"))
        )
        .sort("share", "unit_id", descending=[True, False])
    )
    # If nearly all submissions are late, the date in the data cannot have been the deadline.
    _odd = assessments.filter(date="no deadline")
    _real = assessments.filter(date="deadline")
    _kinds = _real.group_by("kind").agg(share=pl.col("late").sum() / pl.col("submitted").sum()).sort("kind")
    latest = _real.filter(pl.col("submitted") >= fewest).head(shown)
    late = {
        "assessments": len(_real),
        "submitted": _real["submitted"].sum(),
        "late": _real["late"].sum(),
        "share_by_kind": dict(_kinds.iter_rows()),
        "latest": latest.row(0, named=True),
        "odd": len(_odd),
        "odd_kinds": sorted(_odd["kind"].unique()),
    }
    _by_kind = ", ".join(f"{percent(share)} of the {kind}s" for kind, share in late["share_by_kind"].items())
    late["sentence"] = (
        f"Of {late['submitted']:,} submissions for {late['assessments']} assessments, {late['late']:,} "
        f"({percent(late['late'] / late['submitted'])}) came after the deadline: {_by_kind}. The latest is "
        f"{late['latest']['assessment']}: {late['latest']['share']:.0%} of {late['latest']['submitted']:,} were late, "
        f"half of these by {late['latest']['days_late']:.0f} days or more."
    )
    if late["odd"]:
        late["sentence"] += (
            f" Left out are {late['odd']} assessments ({', '.join(late['odd_kinds'])}) at which {nearly_all:.0%} or "
            f"more of all submissions come after the date in the data: that cannot have been their deadline."
        )
    return assessments, late, latest


@app.cell
def _(alt, assessments, late, latest, legend, mo):
    due_plot = (
        alt.Chart(assessments)
        .mark_point(filled=True)
        .encode(
            x=alt.X("due_on:Q", title="day of the run on which the assessment is due"),
            y=alt.Y("share:Q", title="share of submissions after that day", axis=alt.Axis(format="%")),
            color=alt.Color("kind:N", legend=legend("kind")),
            shape=alt.Shape("date:N", legend=legend("date in the data")),
            size=alt.Size("submitted:Q", legend=legend("submissions")),
            tooltip=["assessment", "submitted", "late", alt.Tooltip("share", format=".1%"), "days_late"],
        )
        .properties(width=640, height=280)
    )
    latest_plot = (
        alt.Chart(latest)
        .mark_bar()
        .encode(
            x=alt.X("share:Q", title="share of submissions after the deadline", axis=alt.Axis(format="%")),
            y=alt.Y("assessment:N", sort=None, title="the latest: run, kind, day (id)").axis(labelLimit=300),
            tooltip=["assessment", "submitted", "late", alt.Tooltip("share", format=".1%"), "days_late"],
        )
        .properties(width=480, height=22 * len(latest))
    )
    mo.vstack([mo.md("## Which assessments are late?"), due_plot, latest_plot, mo.md(late["sentence"])])
    return due_plot, latest_plot


@app.cell
def _(as_script, asked, due_plot, late, latest_plot, leave, leave_plot, predict, predict_plot, refuse):
    import html
    import json
    import sys
    from pathlib import Path

    def page() -> str:
        """Answers and plots as a page of HTML with drawings (SVG), for which a browser fetches nothing."""
        import vl_convert

        title = "Three questions to OULAD"
        parts = [f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><h1>{title}</h1>']
        for question, answer, plots in (
            ("When do learners leave?", leave, [leave_plot]),
            ("Does early activity predict the result?", predict, [predict_plot]),
            ("Which assessments are late?", late, [due_plot, latest_plot]),
        ):
            drawn = [vl_convert.vegalite_to_svg(plot.to_dict()) for plot in plots]
            parts += [f"<h2>{question}</h2>", *drawn, f"<p>{html.escape(answer['sentence'])}</p>"]
        return "\n".join(parts) + "\n"

    if asked.html:
        try:
            Path(asked.html).write_text(page(), encoding="utf-8")
        except OSError as _error:
            refuse(f"{asked.html} cannot be written: {_error.strerror}")
    if as_script:
        _answers = {"leave": leave, "predict": predict, "late": late}
        _text = "\n\n".join(_answer["sentence"] for _answer in _answers.values())
        sys.stdout.write((json.dumps(_answers) if asked.json else _text) + "\n")


if __name__ == "__main__":
    app.run()
