"""
Two questions to an export of the log, with DuckDB: how many learners are active each week, and on which days do most
of them withdraw?

    campus log export DIR && python docs/examples/duckdb_export.py DIR
"""

import argparse
import json
from pathlib import Path

import duckdb

MANIFEST = "SELECT decode(value) FROM parquet_kv_metadata(?) WHERE decode(key) = 'campuslog.manifest'"

ACTIVE = """
SELECT CAST(date_trunc('week', occurred_at) AS date) AS week,
       count(DISTINCT learner_id) AS learners,
       sum(CAST(data ->> '$.amount' AS integer)) AS clicks
  FROM facts WHERE type = 'progress.activity_recorded'
 GROUP BY week ORDER BY week
"""

WITHDRAWN = """
SELECT CAST(occurred_at AS date) AS day, count(*) AS withdrawals, list(DISTINCT data ->> '$.reason') AS reasons
  FROM facts WHERE type = 'enrollment.withdrawn'
 GROUP BY day ORDER BY withdrawals DESC, day LIMIT 10
"""


def main(directory: Path) -> None:
    """Print both answers."""
    database = duckdb.connect()
    database.execute("SET TimeZone = 'UTC'")
    database.execute(MANIFEST, [str(directory / "_manifest.parquet")])
    manifest = json.loads(database.fetchall()[0][0])
    files = [str(directory / file["path"]) for file in manifest["files"]]  # what else lies there is half an export
    database.read_parquet(files).create_view("facts")
    for question in (ACTIVE, WITHDRAWN):
        database.sql(question).show()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Two questions to an export of the log, answered.")
    parser.add_argument("directory", metavar="DIR", type=Path, help="what `campus log export DIR` has written")
    chosen = parser.parse_args().directory
    if not (chosen / "_manifest.parquet").is_file():
        parser.error(f"{chosen} has no _manifest.parquet: it is no export made by `campus log export DIR`")
    main(chosen)
