"""
Two questions to an export of the log, with Polars: how many learners are active each week, and who of them withdrew
within how many days after the first activity?

    campus log export DIR && python docs/examples/polars_export.py DIR
"""

import argparse
import json
import sys
from pathlib import Path

import polars as pl

ACTIVITY, WITHDRAWAL = "progress.activity_recorded", "enrollment.withdrawn"


def facts(directory: Path, type_name: str) -> pl.LazyFrame:
    """The facts of one type; only its files are read."""
    manifest = json.loads(pl.read_parquet_metadata(directory / "_manifest.parquet")["campuslog.manifest"])
    files = [directory / file["path"] for file in manifest["files"] if file["type"] == type_name]
    return pl.scan_parquet(files)


def active(directory: Path) -> pl.DataFrame:
    """Learners and clicks by week."""
    clicks = pl.col("data").str.json_path_match("$.amount").cast(pl.Int64).sum()
    weeks = facts(directory, ACTIVITY).group_by(pl.col("occurred_at").dt.truncate("1w").dt.date().alias("week"))
    return weeks.agg(pl.col("learner_id").n_unique().alias("learners"), clicks.alias("clicks")).sort("week").collect()


def withdrawn(directory: Path) -> pl.DataFrame:
    """Days from the first activity to the withdrawal, by learner and course run."""
    run = pl.col("stream_id").str.split(":").list.last().alias("run_id")
    began = facts(directory, ACTIVITY).group_by("learner_id", run).agg(pl.col("occurred_at").min().alias("began"))
    left = facts(directory, WITHDRAWAL).select("learner_id", run, pl.col("occurred_at").alias("left"))
    days = (pl.col("left") - pl.col("began")).dt.total_days().alias("days")
    return left.join(began, on=["learner_id", "run_id"]).select("learner_id", "run_id", days).sort("days").collect()


def main(directory: Path) -> None:
    """Print both answers."""
    for answer in (active(directory), withdrawn(directory)):
        sys.stdout.write(f"{answer}\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Two questions to an export of the log, answered.")
    parser.add_argument("directory", metavar="DIR", type=Path, help="what `campus log export DIR` has written")
    chosen = parser.parse_args().directory
    if not (chosen / "_manifest.parquet").is_file():
        parser.error(f"{chosen} has no _manifest.parquet: it is no export made by `campus log export DIR`")
    main(chosen)
