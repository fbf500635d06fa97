"""Files that learners hand in: uploaded to an attempt that runs, then named by their hash in an answer."""

from typing import Annotated

import msgspec
from fastapi import Path, Request, Response

from adapters.attempt_files import MOST_FILES
from adapters.command_bus.replay import replayed
from adapters.personal.opening import with_words
from api.http.dispatch import Dispatch
from api.http.errors import BadRequest
from api.http.openapi import file_upload, open_bytes
from api.http.query import JSON, QueryDep
from api.http.routing import router as strict_router
from api.http.saved_file import OCTETS, saved_file
from api.http.services import Services, ServicesDep
from api.http.types import AttemptNo, LearnerId, QuizId
from commands.quiz.answers import answers_in, file_names
from domain.quiz import Quiz, QuizAttempt, attempt_stream, quiz_stream
from domain.quiz_errors import AttemptEnded, AttemptNotFound, FileNotFound, NoFileAsked, TooManyFiles

router = strict_router("attempts", "/v1")

Sha256 = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the bytes.", examples=["0" * 64])]


class HandedInFile(msgspec.Struct, kw_only=True):
    """What was uploaded: the answer names it by `sha256` and `size`."""

    sha256: str
    size: int


@router.post(
    "/quizzes/{quiz_id}/attempts/{attempt_no}/files",
    status_code=201,
    responses=file_upload(HandedInFile(sha256="0" * 64, size=29), 403, 404, 409),
    openapi_extra={"requestBody": {"content": {OCTETS: {"schema": {"type": "string", "format": "binary"}}}}},
)
async def upload_attempt_file(
    quiz_id: QuizId, attempt_no: AttemptNo, request: Request, handle: Dispatch, services: ServicesDep
) -> Response:
    """Upload a file to your attempt that runs, as the bytes that it has; an answer then names it by its hash."""
    learner_id = await handle.acts_for(None, quiz_id=quiz_id)
    attempt = await replayed(services.log, QuizAttempt, attempt_stream(learner_id, quiz_id, attempt_no))
    if attempt.started_at is None:
        raise AttemptNotFound(attempt_no=attempt_no, quiz_id=quiz_id)
    if not attempt.runs or attempt.is_over(services.log.clock.now()):
        raise AttemptEnded(attempt_no=attempt_no, by=attempt.by or "server")
    quiz = await replayed(services.log, Quiz, quiz_stream(quiz_id))
    if not quiz.version_of(attempt.quiz_version).asks_for_files(attempt.items):
        raise NoFileAsked(attempt_no=attempt_no, quiz_id=quiz_id)
    if request.headers.get("content-encoding", "identity") != "identity":
        raise BadRequest("a file is kept as it comes: send it without a content coding")
    kept = await services.attempt_files.keep(attempt.id, await request.body())
    if kept is None:
        raise TooManyFiles(attempt_no=attempt_no, most=MOST_FILES)
    return Response(msgspec.json.encode(kept._asdict()), 201, media_type=JSON)


@router.get("/me/quizzes/{quiz_id}/attempts/{attempt_no}/files/{sha256}", responses=open_bytes("Your file.", 401, 403))
async def get_my_attempt_file(quiz_id: QuizId, attempt_no: AttemptNo, sha256: Sha256, ask: QueryDep) -> Response:
    """A file that you have handed in."""
    return await _file(ask.services, attempt_stream(ask.user.subject, quiz_id, attempt_no), attempt_no, sha256)


@router.get(
    "/learners/{learner_id}/quizzes/{quiz_id}/attempts/{attempt_no}/files/{sha256}",
    responses=open_bytes("The learner's file.", 401, 403),
)
async def get_attempt_file(
    learner_id: LearnerId, quiz_id: QuizId, attempt_no: AttemptNo, sha256: Sha256, ask: QueryDep
) -> Response:
    """A file that a learner has handed in."""
    return await _file(ask.services, attempt_stream(learner_id, quiz_id, attempt_no), attempt_no, sha256)


async def _file(services: Services, stream: str, attempt_no: int, sha256: str) -> Response:
    """A file of an attempt; it has the name that an answer gives it."""
    content = await services.attempt_files.read(stream, sha256)
    if content is None:
        raise FileNotFound(attempt_no=attempt_no, sha256=sha256)
    facts = await with_words(services.log.keys, await services.log.stream(stream))
    return saved_file(content, file_names(answers_in(facts).values()).get(sha256, sha256))
