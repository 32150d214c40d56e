"""What happens to the links of mails."""

from __future__ import annotations

from dataclasses import dataclass

from portal.core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class MailActionDone(Event):
    """Somebody pressed a button behind a mail and it was done, for the first time.

    `action` is pick, decline, feedback, give_back, more_time, known, stand_by, leave, agree, bring,
    undo_feedback, undo_pick or undo_decline; `status` is the answer of a feedback, and to
    `terms_id` a firm agreed.
    """

    user_id: int
    action: str
    pickup_id: int | None = None
    feedback_id: int | None = None
    status: str | None = None
    terms_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MailPickLost(Event):
    """Somebody pressed "Pick up" behind a mail, and the lead was gone."""

    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MailActionDoubted(Event):
    """A press looked like a machine's; a second one was asked for. `why` is a code."""

    link_id: int
    user_id: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerPressDoubted(Event):
    """A customer's press looked like a machine's; a second one was asked for. `why` is a code."""

    letter_id: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MailLinkMisused(Event):
    """A press named a lead, pickup or answer that is not the link's."""

    link_id: int
    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InquiryMailed(Event):
    """A mail became an inquiry; `user_id` is who of the vendor forwarded it, None: who asks.

    `vouched` is what our server says of the sender.
    """

    message_id: int
    user_id: int | None
    vouched: str = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class MailNotUnderstood(Event):
    """A mail waits for people; `reason` is a code, `user_id` who of the vendor sent it."""

    message_id: int
    user_id: int | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MailPutAside(Event):
    """Somebody put a mail aside that asks for nothing."""

    message_id: int
    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MailReadAgain(Event):
    """Somebody had a mail read again that could not be read."""

    message_id: int
    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyAnswered(Event):
    """Somebody's answer by mail was not simply done; he is written to.

    `how` is confirm, told, owed, which, hint, noted, asking, sealed, rest, terms or
    stop.
    """

    message_id: int
    user_id: int
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyCommented(Event):
    """What somebody answered became a note about a lead."""

    message_id: int | None
    note_id: int
    user_id: int
    organisation_id: int
    shared: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyRepaired(Event):
    """Somebody of the vendor entered what another person's mail says; `user_id` is who did."""

    message_id: int
    user_id: int
    for_user_id: int
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadMailAccepted(Event):
    """Somebody of the vendor said that a mail at a lead's own address is the customer's."""

    message_id: int
    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AwayAnswered(Event):
    """Somebody's mailbox answered a mail about a lead by itself: she is away."""

    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RepliesHeaped(Event):
    """So many answers come from a person that a machine is likely; they wait for people."""

    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressReleased(Event):
    """An address gets mails again; `checked`: because a fresh mail has arrived there."""

    address_id: int
    checked: bool
