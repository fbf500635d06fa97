"""
Fetch what pages have from others into web/static and web/styles, each file with its licence, and write VENDORED.md.

`make vendor` needs npm, and is run to take newer versions only: what it writes is committed. Browsers get the files as
their makers publish them, but for the sprite, which is put together of some of Lucide's icons, and for the letters of
the languages of Europe, which are cut out of the font with all others: a page with such a name would load 85 kB for
them. daisyUI is bundled into one file, since the Tailwind binary without Node does not find the package's 345 files.
"""

import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
STATIC, STYLES = ROOT / "web/static", ROOT / "web/styles"
BUNDLER = "esbuild@0.28.2"
CUTTER = ("fonttools==4.68.0", "brotli==1.2.1")
LETTERS = "U+0100-017F,U+0218-021B,U+1E80-1E85,U+1E9E,U+1EF2-1EF3"
OF_EUROPE = "inter-latin-a.woff2"
ICONS = (
    *("activity", "archive", "arrow-down", "arrow-left", "arrow-right", "arrow-up", "award", "ban", "bell"),
    *("book-open", "bookmark", "building-2", "calendar", "chart-column", "chart-line", "check", "chevron-down"),
    *("chevron-left", "chevron-right", "chevron-up", "circle-alert", "circle-check", "circle-help", "circle-play"),
    *("circle-x", "clock", "columns-3", "copy", "credit-card", "database", "download", "ellipsis", "external-link"),
    *("eye", "eye-off", "file-text", "flag", "funnel", "git-branch", "git-compare", "globe", "graduation-cap"),
    *("hash", "history", "house", "inbox", "info", "key-round", "layers", "link", "list", "list-checks", "lock"),
    *("log-out", "mail", "menu", "message-circle", "minus", "monitor", "moon", "pause", "pencil", "play", "plus"),
    *("receipt", "refresh-cw", "rotate-ccw", "save", "scale", "search", "send", "server", "settings", "shield-alert"),
    *("shield-check", "skip-back", "skip-forward", "sliders-horizontal", "sun", "table", "tag", "terminal", "trash-2"),
    *("trending-down", "trending-up", "triangle-alert", "trophy", "upload", "user", "users", "video", "wifi-off", "x"),
)


@dataclass(frozen=True)
class Source:
    """A package of npm: its version, its licence, and which of its files become which of ours."""

    package: str
    version: str
    licence: str
    files: tuple[tuple[str, str], ...] = ()


FONT = "@fontsource-variable/inter"
SOURCES = (
    Source("htmx.org", "2.0.11", "0BSD", (("dist/htmx.min.js", "htmx.min.js"), ("LICENSE", "htmx.LICENSE"))),
    Source("htmx-ext-sse", "2.2.4", "0BSD", (("dist/sse.min.js", "sse.js"), ("LICENSE", "sse.LICENSE"))),
    Source(
        "idiomorph",
        "0.8.0",
        "0BSD",
        (("dist/idiomorph-ext.min.js", "idiomorph-ext.min.js"), ("LICENSE", "idiomorph.LICENSE")),
    ),
    Source(
        FONT,
        "5.3.0",
        "OFL-1.1",
        (
            ("files/inter-latin-wght-normal.woff2", "inter-latin.woff2"),
            ("files/inter-latin-ext-wght-normal.woff2", "inter-latin-ext.woff2"),
            ("LICENSE", "inter.LICENSE"),
        ),
    ),
    Source("lucide-static", "1.62.0", "ISC", (("LICENSE", "lucide.LICENSE"),)),
    Source("daisyui", "5.8.1", "MIT", (("LICENSE", "../styles/daisyui.LICENSE"),)),
)
HEAD = """# What is not ours in web/

`make vendor` fetches these files from npm and writes this page; a test compares the sums. No user needs npm or Node to
build or run Campuslog. `icons.svg` is put together of icons of Lucide, `../styles/daisyui.mjs` is daisyUI bundled into
one file by {bundler}; `inter-latin-a.woff2` is cut out of `inter-latin-ext.woff2` by fonttools; all others are as their
makers publish them.

| file | package of npm | version | licence | SHA-256 |
| --- | --- | --- | --- | --- |
"""


def unpacked(source: Source, into: Path) -> Path:
    """A package, fetched by npm."""
    name = f"{source.package}@{source.version}"
    packed = subprocess.run(
        ["npm", "pack", "--silent", name],  # noqa: S607 - npm is where its user has it
        cwd=into,
        capture_output=True,
        text=True,
        check=True,
    )
    folder = into / source.package.replace("/", "-")
    shutil.unpack_archive(into / packed.stdout.split()[-1], folder)
    return folder / "package"


def symbol(name: str, svg: str) -> str:
    """An icon as a part of the sprite: its shapes, which take colour and width of line from where it is used."""
    inner = re.search(r"<svg[^>]*>(.*)</svg>", svg, re.DOTALL)
    if inner is None:
        raise ValueError(f"icon {name} has no shapes")
    shapes = re.sub(r"\s+", " ", inner[1]).replace(" />", "/>").replace("> <", "><").strip()
    return f'<symbol id="{name}" viewBox="0 0 24 24">{shapes}</symbol>'


def sprite(lucide: Path) -> str:
    """All icons in one file."""
    symbols = "\n".join(symbol(name, (lucide / f"icons/{name}.svg").read_text()) for name in ICONS)
    return f'<svg xmlns="http://www.w3.org/2000/svg">\n{symbols}\n</svg>\n'


def bundle(daisyui: Path) -> None:
    """daisyUI as one module."""
    command = ["npx", "--yes", BUNDLER, str(daisyui / "index.js"), "--bundle", "--format=esm", "--minify"]
    made = subprocess.run(command, capture_output=True, check=True)
    (STYLES / "daisyui.mjs").write_bytes(made.stdout)


def cut(file: Path, into: Path) -> None:
    """The LETTERS of a font, as a font of their own."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        subprocess.run([f"{folder}/bin/pip", "install", "--quiet", *CUTTER], check=True)
        options = (f"--unicodes={LETTERS}", "--flavor=woff2", "--layout-features=*", f"--output-file={into}")
        subprocess.run([f"{folder}/bin/pyftsubset", str(file), *options], check=True)


def rows(source: Source) -> Iterator[str]:
    """The lines of VENDORED.md about a package."""
    names = [target for _, target in source.files if not target.endswith("LICENSE")]
    names += [OF_EUROPE] if source.package == FONT else []
    names += {"lucide-static": ["icons.svg"], "daisyui": ["../styles/daisyui.mjs"]}.get(source.package, [])
    for name in names:
        digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()
        licence = next(target for path, target in source.files if path == "LICENSE")
        link = f"[{source.licence}]({licence})"
        yield f"| [{name}]({name}) | {source.package} | {source.version} | {link} | `{digest}` |\n"


def main() -> int:
    """Fetch all of them."""
    with tempfile.TemporaryDirectory() as folder:
        for source in SOURCES:
            package = unpacked(source, Path(folder))
            for path, target in source.files:
                shutil.copyfile(package / path, STATIC / target)
            if source.package == "lucide-static":
                (STATIC / "icons.svg").write_text(sprite(package))
            if source.package == FONT:
                cut(STATIC / "inter-latin-ext.woff2", STATIC / OF_EUROPE)
            if source.package == "daisyui":
                bundle(package)
    lines = [row for source in SOURCES for row in rows(source)]
    (STATIC / "VENDORED.md").write_text(HEAD.format(bundler=BUNDLER) + "".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
