"""
The files of the pages: styles, scripts, icons and fonts, each at an address that has the fingerprint of its contents.

`Assets.url("campus.css")` is `/static/campus.<fingerprint>.css`. What is at such an address never changes, so browsers
and caches keep it for a year and never ask again. All files are read once, when a process starts, and compressed when
they are asked for first. In styles, `url(...)` of another file becomes its address, too.
"""

import gzip
import re
from base64 import b64encode
from functools import cache, cached_property
from hashlib import blake2b
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.http.negotiation import coding

STATIC = Path(__file__).parent / "static"
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
    ".ico": "image/x-icon",
    ".png": "image/png",
}
"""Of what is served; other files of the folder (licences, notes) are not."""
PACKED = frozenset((".woff2", ".png", ".ico"))
"""Compressed by their formats."""
YEAR = "public, max-age=31536000, immutable"
FINGERPRINT = 5  # bytes, twice as many digits
WITHIN_STYLES = frozenset(("inter-latin.woff2",))
"""Stands in the styles themselves: it is there with the first layout, so that nothing moves when a font arrives."""
NAMED_IN_STYLES = re.compile(r"""url\((["']?)(?!data:)([^)"'#]+)\1\)""")


class UnknownAsset(LookupError):
    """A page names a file that is not in web/static."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no file {name} in web/static that is served: add it, or mend the name")


class Asset:
    """
    One file.

    Attributes:
        name: what it is called in its address.
        etag: of the file as it is; what is compressed has another one.
    """

    def __init__(self, file: str, body: bytes) -> None:
        stem, dot, suffix = file.rpartition(".")
        fingerprint = blake2b(body, digest_size=FINGERPRINT).hexdigest()
        self.name = f"{stem}.{fingerprint}{dot}{suffix}"
        self.media_type = MEDIA_TYPES[dot + suffix]
        self.etag = f'"{fingerprint}"'
        self.body = body
        self._is_packed = dot + suffix in PACKED

    @cached_property
    def compressed(self) -> bytes | None:
        """The body by gzip, the same bytes each time; None for what does not get smaller."""
        return None if self._is_packed else gzip.compress(self.body, 9, mtime=0)

    def answer(self, request: Request) -> Response:
        """The file, or that the browser has it (304); without its body for `HEAD`."""
        body, etag, headers = self.body, self.etag, {"cache-control": YEAR, "vary": "accept-encoding"}
        if self.compressed is not None and coding(request.headers.get("accept-encoding", "identity")) == "gzip":
            body, etag = self.compressed, f'{self.etag[:-1]}-gzip"'
            headers["content-encoding"] = "gzip"
        headers["etag"] = etag
        known = {each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")}
        if etag in known or "*" in known:
            headers.pop("content-encoding", None)
            return Response(None, 304, headers)
        headers["content-length"] = str(len(body))
        return Response(b"" if request.method == "HEAD" else body, 200, headers, self.media_type)


class Assets:
    """All files that pages name."""

    def __init__(self, folder: Path = STATIC) -> None:
        """Read those in *folder*; raises UnknownAsset if a style names one that is not there."""
        files = {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.suffix in MEDIA_TYPES}
        self._by_file = {file: Asset(file, body) for file, body in files.items() if not file.endswith(".css")}
        for file, body in files.items():
            if file.endswith(".css"):
                self._by_file[file] = Asset(file, self._with_addresses(body))
        self._by_name = {asset.name: asset for asset in self._by_file.values()}

    def url(self, file: str) -> str:
        """The address of a file; raises UnknownAsset."""
        return f"/static/{self.asset(file).name}"

    def asset(self, file: str) -> Asset:
        """A file; raises UnknownAsset."""
        asset = self._by_file.get(file)
        if asset is None:
            raise UnknownAsset(file)
        return asset

    def routes(self) -> list[Route]:
        """Where the files are served."""
        return [Route("/static/{name}", self._serve, name="static", include_in_schema=False)]

    async def _serve(self, request: Request) -> Response:
        asset = self._by_name.get(request.path_params["name"])
        if asset is None:
            return Response("there is no such file", 404, {"cache-control": "no-store"}, "text/plain; charset=utf-8")
        return asset.answer(request)

    def _with_addresses(self, styles: bytes) -> bytes:
        return NAMED_IN_STYLES.sub(lambda found: f'url("{self._address(found[2])}")', styles.decode()).encode()

    def _address(self, file: str) -> str:
        """Where a style finds a file: at its address, or within itself."""
        asset = self.asset(file)
        if file not in WITHIN_STYLES:
            return self.url(file)
        return f"data:{asset.media_type};base64,{b64encode(asset.body).decode()}"


@cache
def assets() -> Assets:
    """The files of this process."""
    return Assets()
