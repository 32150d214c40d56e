"""What happens between us and the customer of a lead in hand."""

from __future__ import annotations

from dataclasses import dataclass

from portal.core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerTold(Event):
    """The customer was told that `user_id` calls by `call_by`, an ISO moment."""

    letter_id: int
    pickup_id: int
    user_id: int
    call_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerAsked(Event):
    """The customer was asked whether `user_id` called."""

    letter_id: int
    pickup_id: int
    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerSaid(Event):
    """The customer said whether anybody called; `before` is what was said until then.

    `user_id` holds the lead.
    """

    letter_id: int
    pickup_id: int
    user_id: int
    organisation_id: int
    said: str
    before: str | None
    way: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerDeclined(Event):
    """The customer asked not to be called; `user_id` holds the lead, or did so last."""

    letter_id: int
    pickup_id: int
    user_id: int
    organisation_id: int
