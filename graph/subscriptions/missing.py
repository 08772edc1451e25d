"""What a stream is asked to follow and is not there: another account's things are as missing as no things."""

from graphql import GraphQLError


def missing(field: str) -> GraphQLError:
    """Make the error for an id that names nothing of the account."""
    return GraphQLError(
        f"{field}: the account has no such thing.", extensions={"code": "NOT_FOUND", "field": field}
    )
