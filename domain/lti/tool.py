"""
A tool: where it is, by which key set it signs, what it may ask, and on which courses it may be used.

Its id is its `client_id`, too. It is deployed course by course; the id of the course is the `deployment_id`, so that a
tool of one course says nothing about another. No fact has a secret: a tool proves itself by keys that it publishes.
"""

import re

import msgspec

from domain.aggregate import Aggregate, event, stream_id
from domain.lti.errors import BadToolTerms, ToolEnded, ToolExists, ToolNotDeployed, ToolNotFound
from domain.web_addresses import problem_of_address

TOOL_ID = r"tool-[a-z0-9]([a-z0-9-]{0,49}[a-z0-9])?"
"""The id of a tool begins so that none is taken for a person."""
SCOPES = ("line_items", "own_line_items", "results", "scores", "members")
"""What a tool may ask: line items and results to read, own ones to make, scores to send (AGS 2.0), members (NRPS)."""
SHARED = ("name", "email")
"""What a tool learns of people beside a pseudonym and their role on the run."""
MOST_URLS = 20


class ToolTerms(msgspec.Struct, frozen=True):
    """
    What is agreed with a tool.

    Attributes:
        login_url: where a launch begins (OpenID Connect third-party initiated login).
        redirect_urls: where launches may arrive; the campus sends them nowhere else.
        key_set_url: where its public keys are (RFC 7517).
        deep_linking_url: where an editor chooses content; empty for a tool without such a choice.
        scopes: of `SCOPES`.
        shares: of `SHARED`.
    """

    name: str
    login_url: str
    redirect_urls: list[str]
    key_set_url: str
    deep_linking_url: str
    scopes: list[str]
    shares: list[str]


def check_terms(terms: ToolTerms, *, is_development: bool) -> None:
    """
    Refuse terms that are not enough, by how they are written; where the names lead is judged when they are used.

    Args:
        is_development: whether `http` may go to this machine.

    Raises:
        BadToolTerms: with the reason.
    """
    if not terms.redirect_urls or len(terms.redirect_urls) > MOST_URLS:
        raise BadToolTerms(why=f"it has 1 to {MOST_URLS} redirect_urls")
    if not set(terms.scopes) <= set(SCOPES) or not set(terms.shares) <= set(SHARED):
        raise BadToolTerms(why=f"scopes are of {', '.join(SCOPES)}, shares are of {', '.join(SHARED)}")
    deep = [terms.deep_linking_url] if terms.deep_linking_url else []
    for url in (terms.login_url, terms.key_set_url, *terms.redirect_urls, *deep):
        if problem := problem_of_address(url, is_development=is_development):
            raise BadToolTerms(why=f"of the address {url[:80]}: {problem}")


def tool_stream(tool_id: str) -> str:
    """The stream of a tool; raises ToolNotFound for what can be no id of one."""
    if not re.fullmatch(TOOL_ID, tool_id):
        raise ToolNotFound(tool_id=tool_id)
    return stream_id("lti_tool", tool_id)


class Tool(Aggregate):
    """One tool."""

    category = "lti_tool"
    ids = ("tool_id",)

    class Registered(Aggregate.Event):
        TOPIC = "lti_tool.registered"
        terms: ToolTerms
        reason: str

    class Changed(Aggregate.Event):
        TOPIC = "lti_tool.changed"
        old: ToolTerms
        new: ToolTerms
        reason: str

    class Deployed(Aggregate.Event):
        TOPIC = "lti_tool.deployed"
        course_id: str
        reason: str

    class Undeployed(Aggregate.Event):
        TOPIC = "lti_tool.undeployed"
        course_id: str
        reason: str

    class Ended(Aggregate.Event):
        TOPIC = "lti_tool.ended"
        reason: str

    def initial_state(self) -> None:
        self.terms: ToolTerms | None = None
        self.courses: set[str] = set()
        self.is_ended = False

    @property
    def tool_id(self) -> str:
        """The id of the tool, from the stream's id; its `client_id`, too."""
        return self.id_of("tool_id")

    def in_use(self, course_id: str) -> ToolTerms:
        """
        The terms of a tool that may be used on a course now.

        Raises:
            ToolNotFound, ToolEnded, ToolNotDeployed.
        """
        terms = self._going_on()
        if course_id not in self.courses:
            raise ToolNotDeployed(tool_id=self.tool_id, course_id=course_id)
        return terms

    def _going_on(self) -> ToolTerms:
        if self.terms is None:
            raise ToolNotFound(tool_id=self.tool_id)
        if self.is_ended:
            raise ToolEnded(tool_id=self.tool_id)
        return self.terms

    def register(self, terms: ToolTerms, reason: str) -> None:
        """Register the tool; the same once more changes nothing."""
        if self.is_ended:
            raise ToolEnded(tool_id=self.tool_id)
        if self.terms is None:
            self._registered(terms=terms, reason=reason)
        elif self.terms != terms:
            raise ToolExists(tool_id=self.tool_id)

    @event(Registered)
    def _registered(self, terms: ToolTerms, reason: str) -> None:
        self.terms = terms

    def change(self, terms: ToolTerms, reason: str) -> None:
        """Have other terms from now on."""
        old = self._going_on()
        if old != terms:
            self._changed(old=old, new=terms, reason=reason)

    @event(Changed)
    def _changed(self, old: ToolTerms, new: ToolTerms, reason: str) -> None:
        self.terms = new

    def deploy(self, course_id: str, reason: str) -> None:
        """Let the tool be used on a course; once more changes nothing."""
        self._going_on()
        if course_id not in self.courses:
            self._deployed(course_id=course_id, reason=reason)

    @event(Deployed)
    def _deployed(self, course_id: str, reason: str) -> None:
        self.courses.add(course_id)

    def undeploy(self, course_id: str, reason: str) -> None:
        """Use the tool on a course no more; once more changes nothing."""
        self._going_on()
        if course_id in self.courses:
            self._undeployed(course_id=course_id, reason=reason)

    @event(Undeployed)
    def _undeployed(self, course_id: str, reason: str) -> None:
        self.courses.discard(course_id)

    def end(self, reason: str) -> None:
        """Use the tool nowhere any more, for good; once more changes nothing."""
        if self.terms is None:
            raise ToolNotFound(tool_id=self.tool_id)
        if not self.is_ended:
            self._ended(reason=reason)

    @event(Ended)
    def _ended(self, reason: str) -> None:
        self.is_ended = True
