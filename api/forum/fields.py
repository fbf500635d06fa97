"""Parts of addresses and bodies of the forum."""

from typing import Annotated

from fastapi import Path
from pydantic import Field

from api.http.types import ID, NO_CONTROLS, NO_NUL, NOT_BLANK
from domain.forum import LONGEST_DESCRIPTION, LONGEST_TEXT, LONGEST_TITLE, LONGEST_TOPIC_NAME, MOST_QUOTES

MOST_POSTS = 1_000_000  # of a thread, in numbers that are asked for
ThreadId = Annotated[
    str, Path(pattern=ID, max_length=64, description="The thread.", examples=["0d9c7f0a1b27c3d8e4f5a6b7c8d9e0f1"])
]
PostNo = Annotated[
    int, Path(ge=1, le=MOST_POSTS, description="Posts of a thread count from 1, its first.", examples=[2])
]
Number = Annotated[int, Field(ge=1, le=MOST_POSTS)]
PostTitle = Annotated[
    str, Field(min_length=1, max_length=LONGEST_TITLE, pattern=NO_CONTROLS, json_schema_extra=NOT_BLANK)
]
PostText = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT, pattern=NO_NUL, json_schema_extra=NOT_BLANK)]
Anonymous = Annotated[bool, Field(description="Whether learners do not see who has written it; the staff do.")]
TopicId = Annotated[
    str, Path(pattern=ID, max_length=64, description="The topic.", examples=["3f0d9c7f0a1b27c3d8e4f5a6b7c8d9e0"])
]
TopicName = Annotated[
    str, Field(min_length=1, max_length=LONGEST_TOPIC_NAME, pattern=NO_CONTROLS, json_schema_extra=NOT_BLANK)
]
TopicDescription = Annotated[str, Field(max_length=LONGEST_DESCRIPTION, pattern=NO_CONTROLS)]
Quoted = Annotated[
    list[Number],
    Field(
        default_factory=list,
        max_length=MOST_QUOTES,
        description="Posts of the thread whose words stand in lines after `>` of the text.",
    ),
]
