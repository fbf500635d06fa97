"""
Providers of sign-ins (OpenID Connect), as the settings name them.

`CAMPUS_OIDC_PROVIDERS` is a JSON array of them, or the path of a file with one: docs/howto/sign-in-with-a-provider.md.
"""

import re
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)

LOOPBACK = frozenset(("localhost", "127.0.0.1", "[::1]"))
HOST = re.compile(r"[a-z0-9.-]+(:[0-9]{1,5})?|\[[0-9a-f:]+\](:[0-9]{1,5})?")


class OidcProvider(BaseModel):
    """
    A provider by which people sign in.

    Attributes:
        name: stands in addresses of this campus, of which the provider has to know one:
            `WEB_URL/v1/auth/providers/NAME/callback`.
        issuer: as its discovery document says, to the letter. With *client_id* it must stay: accounts hang on it.
        client_secret_file: a file that has the secret, in the place of `client_secret`.
        label: what the button says after "Sign in with".
        hosts: where its endpoints may be, beside the host of *issuer*.
        opens_accounts: whether who is unknown here gets an account; else it must be connected by hand.
        typed_logout: whether its logout tokens have to say in `typ` what they are, which some providers leave out.
        factor_acr, factor_amr: values of `acr` and `amr` that stand for a second factor. None: it is never believed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
    issuer: Annotated[str, Field(max_length=500)]
    client_id: Annotated[str, Field(min_length=1, max_length=500)]
    client_secret: SecretStr = SecretStr("")
    client_secret_file: Path | None = None
    token_auth: Literal["client_secret_basic", "client_secret_post", "none", ""] = ""
    label: Annotated[str, Field(max_length=60)] = ""
    scopes: tuple[str, ...] = ("openid", "profile")
    hosts: tuple[str, ...] = ()
    opens_accounts: bool = True
    typed_logout: bool = True
    factor_acr: tuple[str, ...] = ()
    factor_amr: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """What people call it."""
        return self.label or self.name

    @property
    def origins(self) -> frozenset[str]:
        """Where its endpoints may be."""
        scheme, host = urlsplit(self.issuer)[:2]
        return frozenset((f"{scheme}://{host.lower()}", *(f"{scheme}://{each}" for each in self.hosts)))

    @property
    def secret(self) -> str:
        """What proves to the provider that it is this campus; empty for a client without."""
        if self.client_secret_file is not None:
            return self.client_secret_file.read_text().strip()
        return self.client_secret.get_secret_value()

    @field_validator("issuer")
    @classmethod
    def _issuer_is_safe(cls, issuer: str) -> str:
        parts = urlsplit(issuer)
        is_here = parts.scheme == "http" and parts.netloc.rpartition(":")[0] in LOOPBACK
        if (parts.scheme != "https" and not is_here) or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("an issuer is https://HOST/PATH without a query (http:// on this machine only)")
        if "@" in parts.netloc:
            raise ValueError("an issuer has no user and no password in it")
        return issuer

    @field_validator("hosts")
    @classmethod
    def _hosts_fit(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        if wrong := [host for host in hosts if not HOST.fullmatch(host)]:
            raise ValueError(f"{wrong[0]!r} is no host: write it as in an address, without https://")
        return hosts

    @field_validator("scopes")
    @classmethod
    def _scopes_fit(cls, scopes: tuple[str, ...]) -> tuple[str, ...]:
        if "openid" not in scopes:
            raise ValueError("the scope openid is missing, without which there is no ID token")
        return scopes

    @model_validator(mode="after")
    def _secret_stands_once(self) -> Self:
        if self.client_secret.get_secret_value() and self.client_secret_file is not None:
            raise ValueError(f"{self.name} has client_secret and client_secret_file: leave one of them out")
        return self


_LIST = TypeAdapter(list[OidcProvider])


@cache
def oidc_providers(text: str) -> tuple[OidcProvider, ...]:
    """The providers of a JSON array, or of the file at this path; raises ValueError with what is wrong and where."""
    if not (text := text.strip()):
        return ()
    if not text.startswith("["):
        try:
            text = Path(text).read_text()
        except OSError as error:
            raise ValueError(f"it is neither a JSON array nor the path of a file with one: {error.strerror}") from error
    try:
        providers = tuple(_LIST.validate_json(text))
    except ValidationError as error:  # whose own text would show what was written, secrets too
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(each + 1 if isinstance(each, int) else each) for each in first["loc"])
        said = first["msg"].removeprefix("Value error, ")
        raise ValueError(f"provider {where}: {said}" if where else said) from None
    for field in ("name", "issuer"):
        values = [getattr(each, field) for each in providers]
        if twice := [value for value in values if values.count(value) > 1]:
            raise ValueError(f"two providers have the {field} {twice[0]}")
    return providers
