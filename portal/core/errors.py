"""What an operation may answer instead of doing its work. Every message may be read by a user."""

from __future__ import annotations

from typing import Any


class DomainError(Exception):
    """An answer of the trade. `code` is stable and machine-readable; `message` is for people."""

    code = "refused"
    status = 409

    def __init__(self, message: str = "", **facts: Any) -> None:
        super().__init__(message)
        self.message = message
        self.facts = facts


class NotFound(DomainError):
    """The thing does not exist for the person who asks."""

    code = "not_found"
    status = 404


class Refused(DomainError):
    """Possible in principle, not now. Subclasses name the reason in `code`."""


class Forbidden(DomainError):
    """The person's role may never do this."""

    code = "forbidden"
    status = 403


class Conflict(DomainError):
    """Somebody else changed the thing in the meantime."""

    code = "changed_meanwhile"


class Invalid(DomainError):
    """The input can't be accepted; `errors` names each field and says what would be right."""

    code = "invalid"
    status = 422

    def __init__(self, errors: dict[str, str], message: str = "") -> None:
        super().__init__(message or " ".join(errors.values()))
        self.errors = errors
