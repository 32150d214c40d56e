"""What happens in the correspondence with customers. Ids and codes only, never words."""

from __future__ import annotations

from dataclasses import dataclass

from portal.core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterSent(Event):
    """Somebody wrote to the customer from the dossier."""

    letter_id: int
    user_id: int
    organisation_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterCameBack(Event):
    """A letter to the customer did not arrive; `user_id` is who wrote it."""

    letter_id: int
    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerWrote(Event):
    """A mail of the customer came to a lead's address; `message_id` is the mail as it came."""

    activity_id: int
    organisation_id: int
    message_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MailFiled(Event):
    """Somebody who works on a lead sent a mail to its address, by cc or forwarded."""

    activity_id: int
    organisation_id: int
    message_id: int
    user_id: int
