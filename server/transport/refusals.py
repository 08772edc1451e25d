"""What the door refuses before anything runs, and how whatever goes wrong is shown: nothing internal."""

from typing import ClassVar

from graphql import GraphQLError, GraphQLFormattedError

from graph.errors import ErrorCode, formatted


class Refused(Exception):  # noqa: N818 - named for the state
    """What does not come in; `status` is the HTTP status that says so, and `code` the code of the error."""

    code: ClassVar[ErrorCode] = ErrorCode.BAD_USER_INPUT

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message

    @property
    def extensions(self) -> dict[str, object]:
        """What the error says besides its message, for programs."""
        return {"code": self.code.value}


def shown(error: Exception) -> tuple[int, GraphQLFormattedError]:
    """Give the HTTP status and the error to show for whatever kept an operation out or ended it."""
    if isinstance(error, Refused):
        return error.status, {"message": error.message, "extensions": error.extensions}
    (masked,) = formatted([GraphQLError(str(error), original_error=error)])
    return 503 if masked["extensions"]["code"] == ErrorCode.UNAVAILABLE else 500, masked


def refusal(code: ErrorCode, message: str) -> GraphQLFormattedError:
    """Give the error to show for what is refused before it is an operation."""
    return {"message": message, "extensions": {"code": code.value}}
