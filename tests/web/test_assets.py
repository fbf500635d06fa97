"""Files of the pages: their addresses, what is sent for them, and that what is not ours is what its makers made."""

import gzip
import hashlib
import re
from base64 import b64decode
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from api.http.middleware import _vary
from web.assets import STATIC, Assets, UnknownAsset

YEAR = "public, max-age=31536000, immutable"


@pytest.fixture(scope="module")
def assets() -> Assets:
    """The files that are committed."""
    return Assets()


async def asked(assets: Assets, path: str, method: str = "GET", **headers: str) -> httpx.Response:
    """An answer to a browser that takes no compression, unless *headers* say so."""
    named = {"accept-encoding": "identity", **{name.replace("_", "-"): value for name, value in headers.items()}}
    transport = httpx.ASGITransport(Starlette(routes=assets.routes()))
    async with httpx.AsyncClient(transport=transport, base_url="http://campus") as client:
        return await client.request(method, path, headers=named)


def test_an_address_has_the_fingerprint_of_the_contents(assets: Assets) -> None:
    """Ten digits of BLAKE2b between the name and its suffix."""
    digits = hashlib.blake2b((STATIC / "campus.js").read_bytes(), digest_size=5).hexdigest()
    assert assets.url("campus.js") == f"/static/campus.{digits}.js"


def test_other_contents_have_another_address(tmp_path: Path) -> None:
    """Also where only a file changes that styles name."""
    (tmp_path / "a.css").write_text("@font-face{src:url(b.woff2)}i{background:url(data:image/png;base64,aa)}")
    (tmp_path / "b.woff2").write_bytes(b"one")
    before = Assets(tmp_path).url("a.css")
    (tmp_path / "b.woff2").write_bytes(b"two")
    assert Assets(tmp_path).url("a.css") != before


def test_a_name_without_a_file_is_an_error(assets: Assets, tmp_path: Path) -> None:
    """It says which one; so does a style that names one, and a licence is none that is served."""
    with pytest.raises(UnknownAsset, match=r"no file absent\.css"):
        assets.url("absent.css")
    with pytest.raises(UnknownAsset, match="VENDORED"):
        assets.url("VENDORED.md")
    (tmp_path / "a.css").write_text('i{background:url("absent.svg")}')
    with pytest.raises(UnknownAsset, match=r"absent\.svg"):
        Assets(tmp_path)


@pytest.mark.parametrize(
    ("file", "media_type"),
    [
        ("campus.css", "text/css; charset=utf-8"),
        ("htmx.min.js", "text/javascript; charset=utf-8"),
        ("icons.svg", "image/svg+xml"),
        ("inter-latin.woff2", "font/woff2"),
    ],
)
async def test_files_are_kept_for_ever(assets: Assets, file: str, media_type: str) -> None:
    """Each has its type and is never asked for again."""
    answer = await asked(assets, assets.url(file))
    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
    assert answer.headers["cache-control"] == YEAR
    assert answer.headers["content-length"] == str(len(answer.content))
    if not file.endswith(".css"):
        assert answer.content == (STATIC / file).read_bytes()


async def test_what_styles_name_is_served(assets: Assets) -> None:
    """Every font of the styles is at the address that the styles give it, or within them: that of most texts."""
    styles = (await asked(assets, assets.url("campus.css"))).text
    named = re.findall(r'url\("(/static/[^"]+)"\)', styles)
    fonts = ("inter-latin-a.woff2", "inter-latin-ext.woff2")
    assert sorted(named) == sorted(map(assets.url, fonts))
    assert [(await asked(assets, address)).status_code for address in named] == [200, 200]
    within = re.findall(r'url\("data:font/woff2;base64,([^"]+)"\)', styles)
    assert [b64decode(each) for each in within] == [(STATIC / "inter-latin.woff2").read_bytes()]


async def test_files_are_compressed(assets: Assets) -> None:
    """For browsers that take gzip, with an ETag of its own; a font is compressed by its format."""
    address = assets.url("icons.svg")
    answer = await asked(assets, address, accept_encoding="br, gzip")
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["vary"] == "accept-encoding"
    assert int(answer.headers["content-length"]) == len(gzip.compress(answer.content, 9, mtime=0))
    plain = await asked(assets, address)
    assert (plain.content, plain.headers["etag"] == answer.headers["etag"]) == (answer.content, False)
    font = await asked(assets, assets.url("inter-latin.woff2"), accept_encoding="gzip")
    assert "content-encoding" not in font.headers


def test_what_is_public_varies_by_its_coding_alone() -> None:
    """A cookie that changes lets no browser fetch it again; other answers vary by who asks."""
    head = {"headers": [(b"cache-control", YEAR.encode()), (b"vary", b"accept-encoding")]}
    _vary(head)
    assert head["headers"][-1] == (b"vary", b"accept-encoding")
    private = {"headers": [(b"cache-control", b"no-store"), (b"vary", b"accept-encoding")]}
    _vary(private)
    assert private["headers"][-1] == (b"vary", b"accept-encoding, authorization, cookie")


async def test_a_browser_that_has_a_file_gets_no_body(assets: Assets) -> None:
    """By the ETag; another ETag gets the file."""
    address = assets.url("campus.css")
    etag = (await asked(assets, address)).headers["etag"]
    again = await asked(assets, address, if_none_match=f'"other", W/{etag}')
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    assert (await asked(assets, address, if_none_match='"other"')).status_code == 200


async def test_head_is_get_without_a_body(assets: Assets) -> None:
    """The length is that of the file."""
    answer = await asked(assets, assets.url("campus.js"), "HEAD")
    assert (answer.content, answer.headers["content-length"]) == (b"", str((STATIC / "campus.js").stat().st_size))


@pytest.mark.parametrize("name", ["campus.css", "campus.0123456789.css", "VENDORED.md", "..%2fassets.py", ""])
async def test_unknown_files_are_not_found(assets: Assets, name: str) -> None:
    """Without the fingerprint, with another one, what is not served, and what is outside; and no cache keeps that."""
    answer = await asked(assets, f"/static/{name}")
    assert answer.status_code == 404
    assert "immutable" not in answer.headers.get("cache-control", "")


def test_a_first_page_is_light(assets: Assets) -> None:
    """All files that a page in English or German loads, as they are sent: at most 110 kB; the font is in the styles."""
    loaded = [
        "campus.css",
        "campus.js",
        "htmx.min.js",
        "sse.js",
        "idiomorph-ext.min.js",
        "icons.svg",
    ]
    sizes = {file: len(assets.asset(file).compressed or assets.asset(file).body) for file in loaded}
    assert sum(sizes.values()) <= 110_000, sizes


def test_files_of_others_are_those_that_their_makers_published() -> None:
    """VENDORED.md has the sum of each file that is not ours, with its licence beside it."""
    lines = re.findall(
        r"^\| \[(\S+)\].*\[\S+\]\((\S+)\) \| `(\w+)` \|$", (STATIC / "VENDORED.md").read_text(), re.MULTILINE
    )
    sums = {name: sha for name, _, sha in lines}
    assert {name: hashlib.sha256((STATIC / name).read_bytes()).hexdigest() for name in sums} == sums
    assert [licence for _, licence, _ in lines if not (STATIC / licence).is_file()] == []
    scripts = {
        "campus.js",
        "charts.js",
        "grid.js",
        "links.js",
        "order.js",
        "passkeys.js",
        "player.js",
        "quiz-parts.js",
        "quiz.js",
        "search.js",
        "slider.js",
    }
    ours = {*scripts, "campus.css", "campus.svg", "VENDORED.md"}
    others = {path.name for path in STATIC.iterdir() if not path.name.endswith(".LICENSE")} - ours
    assert others == {name for name in sums if "/" not in name}
