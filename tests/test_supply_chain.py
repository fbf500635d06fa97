"""What is shipped is listed, and secrets are found where there are any."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.secrets import found_in

ROOT = Path(__file__).parents[1]
KEYS = {  # put together here, or they would be found in this file
    "a private key": "-----BEGIN " + "RSA PRIVATE KEY-----",
    "a key of AWS": "AKIA" + "IOSFODNN7ABCDEFG",
    "a key of Stripe": "sk_" + "live_4eC39HqLyjWDarjtT1zdp7dcABCD",
    "a token of GitHub": "ghp_" + "wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx",
}


@pytest.mark.parametrize("kind", KEYS)
def test_a_secret_is_found(kind: str, tmp_path: Path) -> None:
    """By its form, with its place."""
    path = tmp_path / "settings.py"
    path.write_text(f"# a file\nKEY = '{KEYS[kind]}'\n")
    (place,) = found_in([path])
    assert place.startswith(f"{path}:2 ")


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
