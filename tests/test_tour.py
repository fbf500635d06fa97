"""The tour shows pictures that are there, and no others are kept."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
MOST = 3_000_000  # bytes of all pictures


def test_the_tour_and_its_pictures_belong_together() -> None:
    """Each picture is shown once, is a WebP file of what the walk sees, and all of them are small."""
    shown = re.findall(r"\(tour/([\w-]+)\.webp\)", (ROOT / "docs" / "tour.md").read_text("utf-8"))
    files = {file.stem: file.read_bytes() for file in (ROOT / "docs" / "tour").iterdir() if file.suffix == ".webp"}
    assert sorted(shown) == sorted(files)
    assert all(each[:4] == b"RIFF" and each[8:12] == b"WEBP" for each in files.values())
    assert sum(map(len, files.values())) < MOST
    support = ROOT / "tests" / "support"
    walk = "".join((support / name).read_text("utf-8") for name in ("walks.py", "stranger.py"))
    sights = set(re.findall(r'sees\(f?"([\w{}-]+)"', walk))
    assert [each for each in shown if re.sub(r"-(dark|narrow)$", "", each) not in sights | {"learner-landing"}] == []
