"""Clients that are generated from the description: they compile, and read what they have sent."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.settings import Settings
from tests.support.api_process import Served, serving
from tests.support.description import description as document

pytestmark = [pytest.mark.slow, pytest.mark.processes]

PYTHON_GENERATOR = "openapi-python-client==0.29.1"
TYPESCRIPT = ("openapi-typescript@7.13.0", "typescript@5.9.3", "openapi-fetch@0.17.0")

PYTHON = """
import sys
from datetime import UTC, datetime

from campuslog_client import AuthenticatedClient
from campuslog_client.api.catalog import create_course, get_course, get_run, get_version, publish_version, schedule_run
from campuslog_client.api.dashboards import get_learner_dashboard
from campuslog_client.models import NewCourse, NewRun, NewUnit, NewUnitKind, NewVersion, Problem, ProblemCode

client = AuthenticatedClient(sys.argv[1], sys.argv[2])
create_course.sync(client=client, body=NewCourse("python", "Python"))
units = [NewUnit("intro", NewUnitKind.PAGE, "Begin here"), NewUnit("q1", NewUnitKind.QUIZ, "Equations", weight=100)]
publish_version.sync("python", client=client, body=NewVersion(units))
begin, end = datetime(2026, 2, 1, 9, tzinfo=UTC), datetime(2126, 2, 1, 9, 30, tzinfo=UTC)
sent = schedule_run.sync(client=client, body=NewRun("python-1", "python", begin, end))
while (run := get_run.sync("python-1", client=client, min_position=sent.position)) is None or isinstance(run, Problem):
    pass
assert (run.starts_at, run.ends_at, run.status.value, run.capacity) == (begin, end, "scheduled", None), run
version = get_version.sync("python", 1, client=client)
assert [unit.weight for unit in version.units][1:] == [100], version
assert get_course.sync("python", client=client).created_at.tzinfo is not None
problem = get_learner_dashboard.sync("ghost", client=client)
assert problem.code is ProblemCode.LEARNER_NOT_FOUND, problem
"""

TYPESCRIPT_PROGRAM = """
import createClient from "openapi-fetch";
import type { components, paths } from "./schema";

const [url, token] = process.argv.slice(2) as [string, string];
const client = createClient<paths>({ baseUrl: url, headers: { authorization: `Bearer ${token}` } });

function sure<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("an answer is missing");
  return value;
}

async function main(): Promise<void> {
  await client.POST("/v1/courses", { body: { course_id: "script", title: "Script", summary: "", language: "en" } });
  const units: components["schemas"]["NewUnit"][] = [
    { unit_id: "q1", kind: "quiz", title: "Equations", weight: 100, group: "" },
  ];
  const body = { units, completion_rule: "all_weighted_units", grading_policy: "weighted_mean" } as const;
  const path = { course_id: "script" };
  const sent = sure((await client.POST("/v1/courses/{course_id}/versions", { params: { path }, body })).data);
  let version: components["schemas"]["CourseVersion"] | undefined;
  while (version === undefined) {
    const query = { min_position: sent.position };
    const versions = { path: { ...path, version: 1 }, query };
    version = (await client.GET("/v1/courses/{course_id}/versions/{version}", { params: versions })).data;
  }
  const kinds: string[] = version.units.map((unit) => unit.kind);
  if (kinds.join() !== "quiz" || !version.published_at.endsWith("Z")) throw new Error(JSON.stringify(version));
  const none = await client.GET("/v1/learners/{learner_id}/dashboard", { params: { path: { learner_id: "ghost" } } });
  const code: components["schemas"]["Problem"]["code"] = sure(none.error).code;
  if (code !== "learner_not_found") throw new Error(code);
}

main();
"""


@pytest.fixture(scope="module")
def api(lively: Settings) -> Iterator[Served]:
    """The API in a process of its own."""
    with serving(lively) as served:
        yield served


@pytest.fixture
def description(tmp_path: Path) -> Path:
    """The description in a file."""
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(document()))
    return path


def run(*command: str, cwd: Path) -> None:
    """Run a program that must succeed; it sees nothing of this environment but what a shell has."""
    kept = {name: value for name, value in os.environ.items() if name not in {"VIRTUAL_ENV", "PYTHONPATH"}}
    done = subprocess.run(command, cwd=cwd, env=kept, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"


def test_a_python_client(api: Served, description: Path, tmp_path: Path) -> None:
    """Without a warning; times have a zone, words are enumerations, units have fields, problems have codes."""
    uv, made = str(Path(sys.executable).with_name("uv")), tmp_path / "made"
    run(uv, "tool", "run", "--from", PYTHON_GENERATOR, "openapi-python-client", "generate", "--fail-on-warning",
        "--path", str(description), "--output-path", str(made), cwd=tmp_path)  # fmt: skip
    (tmp_path / "use.py").write_text(PYTHON)
    run(uv, "run", "--no-project", "--with", str(made), "python", "use.py", api.url, api.token, cwd=tmp_path)


@pytest.mark.skipif(shutil.which("npm") is None, reason="Node.js with npm is not installed: apt-get install npm")
def test_a_typescript_client(api: Served, description: Path, tmp_path: Path) -> None:
    """What uses it compiles in strict mode, and runs."""
    (tmp_path / "use.ts").write_text(TYPESCRIPT_PROGRAM)
    run("npm", "install", "--no-audit", "--no-fund", "--no-package-lock", *TYPESCRIPT, "@types/node@20", cwd=tmp_path)
    run("npx", "--no-install", "openapi-typescript", str(description), "-o", "schema.d.ts", cwd=tmp_path)
    options = ["--strict", "--module", "commonjs", "--target", "es2022", "--esModuleInterop", "--skipLibCheck"]
    run("npx", "--no-install", "tsc", *options, "use.ts", cwd=tmp_path)
    run("node", "use.js", api.url, api.token, cwd=tmp_path)
