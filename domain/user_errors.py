"""What is refused to a person with an account; domain/user.py has the rules."""

from domain.errors import Conflict, Forbidden, NotFound, Rejected


class AccountNotFound(NotFound):
    """No account has this id."""

    code = "account_not_found"
    template = "there is no account {learner_id}"


class AccountNotActive(Conflict):
    """The e-mail address of the account is not verified yet."""

    code = "account_not_active"
    template = "the e-mail address of account {learner_id} is not verified"


class AddressGivenUp(Conflict):
    """An account has another address since less than three days, and may take the change back."""

    code = "address_given_up"
    template = "another account had this address until lately, and may take it back within three days: try again then"


class BadProfile(Rejected):
    """A field of a profile is not what it should be; its value is personal and stands in no error."""

    code = "bad_profile"
    template = "{field} has to be {expected}"


class TooManyExports(Forbidden):
    """A person has exported the own data often; `retry_after` is in seconds."""

    code = "too_many_exports"
    template = "what is held about you was exported {most} times in a day: try again in {retry_after} s"


class UnknownPurpose(NotFound):
    """A consent is given for something else than this campus asks for."""

    code = "unknown_purpose"
    template = "this campus asks for no consent to {purpose!r}"


class OtherVersion(Conflict):
    """A consent is given to another text than the one that is asked for now."""

    code = "other_version"
    template = "the consent to {purpose} that is asked for now is version {version}: show that text, and ask again"


class ConsentNeeded(Forbidden):
    """The person has not consented to this, or to an earlier text only."""

    code = "consent_needed"
    template = "learner {learner_id} has not consented to {purpose}, version {version}"


class NoSuchAddress(NotFound):
    """No account has the address."""

    code = "address_not_found"
    template = "no account has this address"


class NotActing(Conflict):
    """What would have to end is not under way."""

    code = "not_impersonating"
    template = "this session is your own: you act as no one else"
