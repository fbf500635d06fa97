"""Build web/static/campus.css from web/styles and the classes that templates name: `make styles`."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE, BUILT = ROOT / "web/styles/campus.css", ROOT / "web/static/campus.css"


def build(target: Path = BUILT) -> None:
    """Write the styles of all pages, minified; the same bytes for the same sources."""
    program = Path(sys.executable).with_name("tailwindcss")
    subprocess.run(
        [program, "--input", SOURCE, "--output", target, "--minify"], cwd=ROOT, capture_output=True, check=True
    )


if __name__ == "__main__":
    build()
