"""What happens to our mails once they are out. Ids and codes only."""

from __future__ import annotations

from dataclasses import dataclass

from portal.core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressMarked(Event):
    """Mails to an address came back; it gets none until it is released. `user_id`: whose it is."""

    address_id: int
    user_id: int | None
    mail_id: int
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MailComplainedOf(Event):
    """Somebody marked a mail of ours as spam; what can be left with one press stops for her."""

    address_id: int
    user_id: int | None
    mail_id: int
