"""What happens to people and their sign-ins."""

from __future__ import annotations

from dataclasses import dataclass

from portal.core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn(Event):
    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInRefused(Event):
    """`user_id` is 0 where nobody has the address; the address itself is not kept."""

    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordResetRequested(Event):
    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordChanged(Event):
    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HearingChanged(Event):
    """Somebody chose when to hear by mail: at_once, daily or never."""

    user_id: int
    hears: str
