"""What is shipped is listed, and secrets are found where there are any."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scripts.audit import verdict
from scripts.secrets import found_in

ROOT = Path(__file__).parents[1]
KEYS = {  # put together here, or they would be found in this file
    "a private key": "-----BEGIN " + "RSA PRIVATE KEY-----",
    "a key of AWS": "AKIA" + "IOSFODNN7ABCDEFG",
    "a key of Stripe": "sk_" + "live_4eC39HqLyjWDarjtT1zdp7dcABCD",
    "a token of GitHub": "ghp_" + "wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx",
}


@pytest.mark.parametrize("name", ["settings.py", "page.html", "settings"])
@pytest.mark.parametrize("kind", KEYS)
def test_a_secret_is_found(kind: str, name: str, tmp_path: Path) -> None:
    """By its form, with its place, in whatever file."""
    path = tmp_path / name
    path.write_text(f"# a file\nKEY = '{KEYS[kind]}'\n")
    (place,) = found_in([path])
    assert place.startswith(f"{path}:2 ")


@pytest.mark.slow
@pytest.mark.processes
def test_what_is_shipped_is_listed(tmp_path: Path) -> None:
    """Every locked package of the wheel, with its version and a hash, without a network."""
    target = tmp_path / "sbom.json"
    tool = Path(sys.executable).with_name("cyclonedx-py")
    command = [str(tool), "requirements", str(ROOT / "requirements.lock"), "--output-reproducible", "-o", str(target)]
    subprocess.run(command, check=True, capture_output=True)
    listed = json.loads(target.read_text())
    assert listed["bomFormat"] == "CycloneDX"
    locked = dict(re.findall(r"^([a-z0-9-]+)==([^ \\;]+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
    assert {part["name"]: part["version"] for part in listed["components"]} == locked
    hashed = [reference for part in listed["components"] for reference in part["externalReferences"]]
    assert all(reference["hashes"] for reference in hashed)


KNOWN: list[dict[str, Any]] = [{"name": "a", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]}]
GOOD: list[dict[str, Any]] = [{"name": "b", "version": "1", "vulns": []}]
LEFT_OUT: list[dict[str, Any]] = [{"name": "c", "skip_reason": "not found"}]


@pytest.mark.parametrize(
    ("packages", "fails", "fails_where_needed", "says"),
    [
        (GOOD, False, False, "1 packages were compared with known vulnerabilities, 0 were found"),
        (KNOWN + GOOD, True, True, "a 1: CVE-1, mended in 2"),
        (LEFT_OUT + GOOD, False, True, "NOT compared: 1 packages"),
        (LEFT_OUT, False, True, "0 packages were compared"),
        ([], False, True, "NOT compared: all packages"),
    ],
)
def test_what_was_not_compared_is_no_good_news(
    packages: list[dict[str, Any]], *, fails: bool, fails_where_needed: bool, says: str
) -> None:
    """An index without a database of vulnerabilities knows of none."""
    lines, failed = verdict(packages, needed=False)
    assert failed is fails
    assert says in "\n".join(lines)
    assert verdict(packages, needed=True) == (lines, fails_where_needed)


@pytest.mark.processes
def test_without_a_network_it_is_said_that_nothing_was_compared(tmp_path: Path) -> None:
    """It is an error where it had to be."""
    alone = {"UV_OFFLINE": "1", "UV_CACHE_DIR": str(tmp_path), "CAMPUSLOG_AUDIT_NEEDED": "1"}
    command = [sys.executable, "-m", "scripts.audit"]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | alone, capture_output=True, text=True, check=False)
    assert "NOT compared: all packages" in done.stdout
    assert done.returncode == 1
