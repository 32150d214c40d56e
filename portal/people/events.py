"""What happens to firms that ask to become partners."""

from __future__ import annotations

from dataclasses import dataclass

from portal.core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUpAsked(Event):
    """A firm asks to become a partner; its mail address is not confirmed yet."""

    sign_up_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUpConfirmed(Event):
    sign_up_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUpAccepted(Event):
    sign_up_id: int
    organisation_id: int
    by_user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUpDeclined(Event):
    sign_up_id: int
    by_user_id: int
