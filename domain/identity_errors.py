"""What is refused to a person who signs in by an account elsewhere; api/auth/providers.py shows it as a page."""

from domain.errors import Conflict, Forbidden, NotFound


class ProviderNotFound(NotFound):
    """The settings of the campus name no such provider."""

    code = "provider_not_found"
    template = "this campus has no sign-in by {provider!r}"


class ProviderRefused(Forbidden):
    """What a provider has answered proves nothing; the reason has no text that a stranger wrote."""

    code = "provider_refused"
    template = "{provider} could not sign you in here: {why}. Try again, or sign in with your password"


class BegunElsewhere(Forbidden):
    """An answer of a provider that this browser has not asked for, asked for too long ago, or has had already."""

    code = "begun_elsewhere"
    template = (
        "this sign-in was begun in another browser, more than ten minutes ago, or was finished already: begin once more"
    )


class NoAccountHere(Forbidden):
    """Who is known to the provider has no account here, and the campus opens none by this provider."""

    code = "no_account_here"
    template = (
        "no account here is connected with this one of {provider}: sign in as you did before, and connect it on the"
        " page of your connected sign-ins"
    )


class IdentityTaken(Conflict):
    """The account elsewhere signs in to another account here."""

    code = "identity_taken"
    template = "this account of {provider} is connected with another account here: disconnect it there first"


class IdentityNotFound(NotFound):
    """The account is not connected with that one."""

    code = "identity_not_found"
    template = "no connected sign-in has the id {identity_id}"


class TooManyIdentities(Conflict):
    """The account is connected with as many as it may be."""

    code = "too_many_identities"
    template = "an account has {most} connected sign-ins at most: disconnect one of them first"


class LastWayIn(Conflict):
    """Without it the person could not sign in any more."""

    code = "last_way_in"
    template = "this is your only way to sign in: set a password, or add a passkey or another sign-in first"


class LinkingRefused(Forbidden):
    """The staff have people connect no accounts elsewhere with theirs."""

    code = "linking_refused"
    template = "this campus has people connect no accounts elsewhere: ask its staff"
