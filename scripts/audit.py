"""
Compare the packages that are shipped with known vulnerabilities: `python -m scripts.audit`.

pip-audit asks a database in the network, and comes from there itself. An index without that database makes it leave
packages out, and it ends well with that. What was not compared is said here, and is an error where
CAMPUSLOG_AUDIT_NEEDED is set.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PIP_AUDIT = "pip-audit==2.10.1"
LONGEST = 600  # seconds


def main() -> int:
    """Say what is known of the locked packages; 1 if there is something, or if all had to be compared and were not."""
    lines, failed = verdict(_audited(), needed=bool(os.environ.get("CAMPUSLOG_AUDIT_NEEDED")))
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return int(failed)


def verdict(packages: Iterable[Mapping[str, Any]], *, needed: bool) -> tuple[list[str], bool]:
    """The lines about what pip-audit says of packages, and whether that is an error."""
    all_of_them = list(packages)
    compared = [each for each in all_of_them if "vulns" in each]
    lines = [
        f"{package['name']} {package['version']}: {each['id']}, mended in {', '.join(each['fix_versions']) or 'none'}"
        for package in compared
        for each in package["vulns"]
    ]
    known = len(lines)
    lines.append(f"{len(compared)} packages were compared with known vulnerabilities, {known} were found")
    left_out = len(all_of_them) - len(compared)
    if left_out or not compared:
        lines.append(f"NOT compared: {left_out or 'all'} packages; no database of vulnerabilities is reached from here")
    return lines, known > 0 or (needed and (left_out > 0 or not compared))


def _audited() -> list[dict[str, Any]]:
    """What pip-audit says of each package; empty if it did not come to that."""
    uv = Path(sys.executable).with_name("uv")
    command = [str(uv), "tool", "run", "--from", PIP_AUDIT, "pip-audit", "--disable-pip", "--require-hashes"]
    with tempfile.TemporaryDirectory() as directory:
        found = Path(directory) / "found.json"
        command += ["--requirement", str(ROOT / "requirements.lock"), "--format", "json", "--output", str(found)]
        subprocess.run(command, capture_output=True, check=False, timeout=LONGEST)
        if not found.exists() or not found.read_text().strip():
            return []
        audited: list[dict[str, Any]] = json.loads(found.read_text())["dependencies"]
        return audited


if __name__ == "__main__":
    sys.exit(main())
