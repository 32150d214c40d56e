"""Telling people what happened: a notice for each who is to hear, and a mail if she hears at once.

Whatever is told is told once, by its key. What also waits for its moment is a matter of
`operations`; mails about what a person did herself go at once, at any hour.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from portal.accounts import operations as accounts
from portal.accounts.events import (
    NewDeviceSeen,
    PasswordChanged,
    PasswordResetRequested,
    PersonInvited,
    RecoveryCodesMade,
    SecondStepRemoved,
    SecondStepSet,
    SignInLinkRequested,
)
from portal.accounts.models import User
from portal.accounts.queries import find_name
from portal.assistance import queries as assistance
from portal.assistance.events import HelpAnswered, HelpAsked
from portal.core.db import session, together
from portal.core.events import Event
from portal.core.mail import outbox
from portal.duplicates.events import AskedAgain
from portal.feedback.events import EndingTakenBack, HeldLeadClosed
from portal.hearing import rules
from portal.hearing.models import Topic
from portal.hearing.queries import Hearer, find_hearer, read_hearers
from portal.inbound.events import MailActionDone, MailPickLost
from portal.leads.events import DraftsStale, LeadHandedBack
from portal.leads.models import Lead
from portal.leads.queries import find_teaser
from portal.notifications import becoming, letters, operations, queries
from portal.notifications.letters import Letter
from portal.offers import deciding, first_heard, reps
from portal.offers import operations as offers
from portal.offers.events import (
    LeadOffered,
    OfferDismissed,
    OfferVisible,
    RoundEnded,
    StandByHeard,
)
from portal.offers.models import EntryOutcome, Offer
from portal.offers.rules import Outscored
from portal.partners.events import AbsenceAdded
from portal.people import sign_up
from portal.people.events import SignUpAsked, SignUpConfirmed, SignUpDeclined
from portal.pickup.events import (
    EntryEnded,
    LeadPickedUp,
    LeadReassigned,
    PicksSuspended,
)
from portal.pickup.queries import find_held
from portal.programme.events import TermsPublished
from portal.scoring.events import LeadHandedOn, LeadsCooled, LeadStirs
from portal.timeline.events import ActivityDue

DECIDED = "not-yours:entry:{}"
"""The key of the mail that tells how a photo-finish went for an entry."""


def tell(
    people: Mapping[User, Callable[[], Letter | None]],
    topic: Topic,
    about: str,
    happened_at: datetime,
    at: datetime,
    later: Mapping[int, datetime] = operations.NOBODY,
    /,
    *,
    lead_id: int | None = None,
    **facts: Any,
) -> None:
    """Tell people of one thing when they want to hear, each once per `about`.

    What one hears right now her function puts into words, links and all; the rest waits with its
    `facts`. Some hear `later` than that.
    """
    now = operations.note(people, topic, about, happened_at, at, later, lead_id=lead_id, **facts)
    with together():
        for user, make in people.items():
            letter = make() if user.id in now else None
            if letter is not None:
                letters.post(letter, user, at, f"{about}:{user.id}")


def tell_who_stood_by(event: StandByHeard, at: datetime) -> None:
    """Tell who stood by before the others are told."""
    tell_of_round(event, at, only=event.user_id)


def tell_of_offer(event: LeadOffered | OfferVisible, at: datetime) -> None:
    """Tell everybody in the offered firms who may pick the lead up and sees it by now."""
    tell_of_round(event, at)


def tell_of_round(
    event: LeadOffered | OfferVisible | StandByHeard, at: datetime, only: int | None = None
) -> None:
    """Tell of a lead on offer, each person once in a round."""
    if event.lead_id is None:
        return
    about = f"offer:{event.round_id}"
    _held = operations.hold(event.lead_id)
    reps.choose(event.round_id, at)
    offered = queries.list_offered(event.lead_id, event.round_id, at)
    hearers = read_hearers((user for user, _found in offered), at)
    tell(
        {
            user: partial(letters.lead_offered, found, user, at, hearers[user.id].wishes.extent)
            for user, found in offered
            if only in (None, user.id)
        },
        Topic.LEAD_OFFERED,
        about,
        event.at,
        at,
        {} if only else colleagues_hear(event.lead_id, offered, hearers, at),
        lead_id=event.lead_id,
        round_id=event.round_id,
    )


def colleagues_hear(
    lead_id: int,
    offered: Sequence[tuple[User, queries.Offered]],
    hearers: Mapping[int, Hearer],
    at: datetime,
) -> Mapping[int, datetime]:
    """Return when those hear who hear of a lead after a colleague.

    After whom the firm's manager has named, else after whom it suits best: as far as these hear of
    it themselves.
    """
    lead = operations.traits_of(Topic.LEAD_OFFERED, lead_id)
    told = {
        user_id
        for user_id, hearer in hearers.items()
        if hearer.away_until is None
        and rules.due_of(hearer.wishes, Topic.LEAD_OFFERED, rules.Facts(lead), at) is not None
    }
    span = timedelta(minutes=deciding.terms().first_minutes)
    orders = first_heard.read_orders({user.organisation_id for user, _found in offered})
    later: dict[int, datetime] = {}
    for user, (_teaser, offer, _opened) in offered:
        order = orders.get(user.organisation_id)
        waits = (
            first_heard.waits_of(order, told, user.id)
            if order is not None and told & set(order.user_ids)
            else span
            if offer.suits_user_id in told - {user.id}
            else None
        )
        if waits:
            later[user.id] = offer.visible_from + waits
    return later


def hurry_colleagues(event: OfferDismissed, at: datetime) -> None:
    """Have those hear sooner who were to hear after somebody who said no to it."""
    offer = session().get(Offer, event.offer_id)
    if offer is None:
        return
    offered = queries.list_offered(offer.lead_id, offer.round_id, at, offer.organisation_id)
    hearers = read_hearers((user for user, _found in offered), at)
    later = colleagues_hear(offer.lead_id, offered, hearers, at)
    operations.bring_forward(hearers.keys(), f"offer:{offer.round_id}", later, at)


def tell_holder(event: LeadPickedUp, at: datetime) -> None:
    """Write the contact data to the holder, unless she never wants to hear and has it on screen."""
    user = queries.find_user(event.user_id)
    if user is not None and not find_hearer(user, at).wishes.silent:
        write_yours(event.pickup_id, event.user_id, at)


def write_yours(pickup_id: int, user_id: int, at: datetime) -> None:
    """Write the contact data of a lead to its holder, once."""
    pickup = queries.find_owed(pickup_id, user_id)
    if pickup is not None:
        write(f"yours:{pickup_id}", user_id, at, lambda user: letters.yours_now(pickup, user, at))


def tell_of_handing_on(event: LeadReassigned, at: datetime) -> None:
    """Write the contact data to the colleague who holds a lead from now on, unless she never hears.

    It says who handed it on.
    """
    user, pickup = (
        queries.find_user(event.user_id),
        queries.find_owed(event.pickup_id, event.user_id),
    )
    if user is None or pickup is None or find_hearer(user, at).wishes.silent:
        return
    by = find_name(event.by_user_id) or None
    key = f"yours:{event.pickup_id}:{event.user_id}:{event.at.timestamp():.6f}"
    write(key, event.user_id, at, lambda user: letters.yours_now(pickup, user, at, handed_by=by))


def tell_of_unpicked(event: RoundEnded, at: datetime) -> None:
    """Tell the channel managers of a lead that nobody picked up."""
    report = queries.find_unpicked(event.round_id)
    if report is None:
        return
    about = f"round:{event.round_id}"
    tell(
        {
            user: partial(letters.round_unpicked, report, user, at)
            for user in queries.list_with_role("channel_manager")
        },
        Topic.ROUND_UNPICKED,
        about,
        event.at,
        at,
        lead_id=report.lead_id,
        round_id=event.round_id,
    )


def tell_of_drafts(event: DraftsStale, at: datetime) -> None:
    """Tell a qualifier what she began and did not finish."""
    user, drafts = queries.find_user(event.user_id), queries.list_drafts(event.lead_ids)
    if user is None or not drafts:
        return
    about = f"drafts:{event.at.isoformat()}"
    tell(
        {user: partial(letters.drafts_stale, drafts)},
        Topic.DRAFTS_STALE,
        about,
        event.at,
        at,
        lead_ids=list(event.lead_ids),
    )


def tell_of_handing_back(event: LeadHandedBack, at: datetime) -> None:
    """Tell who answers for a lead, and who asked, that operations handed it back."""
    lead = session().get(Lead, event.lead_id) if event.lead_id else None
    owner_id = lead.owner_id if lead else None
    hearers = {event.owner_id, owner_id} - {None, event.user_id}
    tell_news(hearers, Topic.HANDED_BACK, event, at, hand_over_id=event.hand_over_id)


def tell_of_step(event: becoming.Step, at: datetime) -> None:
    """Tell who answers for a lead, for the firm that has it, or for all what became of it."""
    lead = session().get(Lead, event.lead_id) if event.lead_id else None
    if lead is None:
        return
    firm = (event.organisation_id,)
    people = (*queries.list_account_managers(firm, at), *queries.list_with_role("channel_manager"))
    hearers = dict.fromkeys([lead.owner_id, *(user.id for user in people)])
    others = [user_id for user_id in hearers if user_id not in (None, event.user_id)]
    tell_news(others, Topic.LEAD_STEP, event, at, **becoming.step_of(event))


def tell_of_stirring(event: LeadStirs, at: datetime) -> None:
    """Tell who has a lead, or answers for it, that its buyer has become active."""
    if event.lead_id is not None:
        moment = int(event.at.timestamp())
        tell_news(
            event.user_ids, Topic.LEAD_STIRS, event, at, stirring_id=event.lead_id, moment=moment
        )


def tell_of_handing_on_by_signals(event: LeadHandedOn, at: datetime) -> None:
    """Tell who knows a lead that it is out of nurture; where nobody does, channel managers."""
    if event.lead_id is None:
        return
    managers = (user.id for user in queries.list_with_role("channel_manager"))
    tell_news(
        event.user_ids or list(managers),
        Topic.LEAD_STIRS,
        event,
        at,
        stirring_id=event.lead_id,
        moment=int(event.at.timestamp()),
        woke=1,
    )


def tell_of_cooling(event: LeadsCooled, at: datetime) -> None:
    """Tell somebody which of her leads were marked colder in one go."""
    moment = round(event.at.timestamp() * 1_000_000)
    tell_news({event.user_id}, Topic.LEADS_COOLED, event, at, cooled=moment)


def tell_who_works_on_it(event: AskedAgain, at: datetime) -> None:
    """Tell who works on a lead that its contact has asked again, once a day however often."""
    if event.lead_id is not None:
        day = event.at.toordinal()
        tell_news({event.user_id}, Topic.ASKED_AGAIN, event, at, asked_of=event.lead_id, day=day)


def tell_who_helps(event: HelpAsked, at: datetime) -> None:
    """Tell who is asked for help or for a price, each time that it is asked."""
    moment = int(event.at.timestamp())
    tell_news(
        {event.assignee_id}, Topic.HELP_ASKED, event, at, request_id=event.request_id, asked=moment
    )


def tell_of_help(event: HelpAnswered, at: datetime) -> None:
    """Tell who asked that there is an answer, and who has the lead by now."""
    moment = int(event.at.timestamp())
    hearers = {event.asked_by_id, assistance.find_holder(event.request_id)}
    tell_news(hearers, Topic.HELP_ANSWERED, event, at, request_id=event.request_id, answered=moment)


def tell_of_closing(event: HeldLeadClosed, at: datetime) -> None:
    """Tell a holder that the vendor closed the lead that was in her hands."""
    tell_news(
        {event.user_id},
        Topic.CLOSED_FOR_YOU,
        event,
        at,
        pickup_id=event.pickup_id,
        feedback_id=event.feedback_id,
    )


def tell_of_opening(event: EndingTakenBack, at: datetime) -> None:
    """Tell a holder that the lead is in her hands again that the vendor had closed."""
    if event.pickup_id is None or event.user_id == event.by_user_id:
        return
    tell_news(
        {event.user_id},
        Topic.CLOSED_FOR_YOU,
        event,
        at,
        pickup_id=event.pickup_id,
        feedback_id=event.feedback_id,
        open_again=1,
    )


def tell_of_activity(event: ActivityDue, at: datetime) -> None:
    """Remind somebody of what she has planned, once for each moment for which she plans it."""
    moment = int(datetime.fromisoformat(event.due).timestamp())
    tell_news(
        {event.user_id}, Topic.ACTIVITY_DUE, event, at, activity_id=event.activity_id, due=moment
    )


def tell_who_stands_in(event: AbsenceAdded, at: datetime) -> None:
    """Tell a colleague for whom she stands in, and when, unless she entered it herself."""
    if event.delegate_id != event.by_user_id:
        tell_news({event.delegate_id}, Topic.STANDS_IN, event, at, absence_id=event.absence_id)


def tell_of_request(event: SignUpConfirmed, at: datetime) -> None:
    """Tell the channel managers of a firm that wants to join; where there are none, the admins."""
    hearers = queries.list_with_role("channel_manager") or queries.list_with_role("admin")
    ids = {user.id for user in hearers}
    tell_news(ids, Topic.SIGN_UP_WAITS, event, at, sign_up_id=event.sign_up_id)


def tell_of_terms(event: TermsPublished, at: datetime) -> None:
    """Tell who leads a firm of new terms; of referring leads where the firm does not do so yet."""
    leads = ("partner_manager", "distributor_manager")
    ids = {user.id for role in leads for user in queries.list_with_role(role)}
    tell_news(ids, Topic.TERMS_NEW, event, at, terms_id=event.terms_id)


def tell_news(
    user_ids: Iterable[int | None], topic: Topic, event: Event, at: datetime, **facts: int
) -> None:
    """Tell people of one thing in a sentence, each once for what `facts` name."""
    people = [queries.find_user(user_id) for user_id in user_ids if user_id is not None]
    about = ":".join([topic, *(str(value) for value in facts.values())])
    tell(
        {user: partial(letters.news, topic, facts, user, at) for user in people if user},
        topic,
        about,
        event.at,
        at,
        lead_id=event.lead_id,
        **facts,
    )


def tell_of_pause(event: PicksSuspended, at: datetime) -> None:
    """Tell who picks up nothing for a while, and who answers for the firm, why and until when.

    Where the whole firm pauses, all its people hear who pick leads up.
    """
    firm = (event.organisation_id,)
    people = [event.user_id] if event.user_id else queries.list_picking(event.organisation_id)
    heads = [*queries.list_managers(firm, at), *queries.list_account_managers(firm, at)]
    told = dict.fromkeys([*people, *(user.id for user in heads)])
    others = [user_id for user_id in told if user_id != event.by_user_id]
    tell_news(others, Topic.PAUSED, event, at, suspension_id=event.suspension_id)


def tell_recorded(event: MailActionDone, at: datetime) -> None:
    """Confirm what was pressed behind a mail, and write the contact data of a pick."""
    if event.action == "pick" and event.pickup_id:
        write_yours(event.pickup_id, event.user_id, at)
    if event.terms_id is not None:
        terms_id, key = event.terms_id, f"agreed:{event.user_id}:{event.terms_id}"
        write(key, event.user_id, at, lambda user: letters.agreed(terms_id, user, at))
        return
    key = f"recorded:{event.user_id}:{event.action}:{event.lead_id}:{event.at.timestamp():.6f}"
    write(key, event.user_id, at, lambda user: letters.recorded(event, user, at))


def tell_not_yours(event: MailPickLost, at: datetime) -> None:
    """Tell honestly that a lead was gone when somebody pressed "Pick up" behind a mail."""
    teaser = find_teaser(event.lead_id) if event.lead_id is not None else None
    user = queries.find_user(event.user_id)
    if teaser is None or user is None:
        return
    gone = offers.gone(teaser.id, user.organisation_id, user.id)
    # pressed again and again, it stays one mail per round, and the one of who took part
    key = f"not-yours:{event.user_id}:{teaser.id}:{teaser.round}"
    if isinstance(gone, Outscored):
        key = DECIDED.format(gone.facts["entry_id"])
    write(key, event.user_id, at, lambda user: letters.not_yours(teaser.id, user, at))


def tell_decided(event: EntryEnded, at: datetime) -> None:
    """Tell who took part in a photo-finish how it went; who stepped back herself knows.

    The winner hears at any hour: contact data is on nobody's screen.
    """
    teaser = find_teaser(event.lead_id) if event.lead_id is not None else None
    if teaser is None or (event.outcome == EntryOutcome.WITHDRAWN and event.refusal is None):
        return
    if event.outcome == EntryOutcome.WON:
        pickup = find_held(teaser.id)
        if pickup is not None and pickup.user_id == event.user_id:
            write_yours(pickup.id, event.user_id, at)
        return
    key = DECIDED.format(event.entry_id)
    write(key, event.user_id, at, lambda user: letters.decided(event, user, at))


def write(key: str, user_id: int, at: datetime, make: Callable[[User], Letter | None]) -> None:
    """Write a mail that goes at once at any hour, once per key; its links are made only then."""
    user = queries.find_user(user_id)
    if user is None or outbox.known(key):
        return
    letter = make(user)
    if letter is not None:
        letters.post(letter, user, at, key)


def send_reset_link(event: PasswordResetRequested, at: datetime) -> None:
    """Write the link for a new password; its secret is made here and stands in the mail alone."""

    def letter(user: User) -> Letter:
        secret = accounts.issue_password_reset(user.id, at)
        return Letter(
            "password_reset", {"path": f"/reset/{secret}", "until": at + accounts.RESET_LASTS}
        )

    write(f"reset:{event.user_id}:{event.at.timestamp():.6f}", event.user_id, at, letter)


def send_sign_in_link(event: SignInLinkRequested, at: datetime) -> None:
    """Write the link that signs in; its secret is made here and stands in the mail alone."""

    def letter(user: User) -> Letter:
        secret = accounts.issue_sign_in_link(user.id, at)
        return Letter(
            "sign_in_link", {"path": f"/sign-in/{secret}", "until": at + accounts.LINK_LASTS}
        )

    write(f"sign-in-link:{event.user_id}:{event.at.timestamp():.6f}", event.user_id, at, letter)


def send_invitation(event: PersonInvited, at: datetime) -> None:
    """Write the link with which a new person chooses a password."""
    key = f"invitation:{event.user_id}:{event.at.timestamp():.6f}"
    write(key, event.user_id, at, lambda user: letters.invitation(user, event.by_user_id, at))


def tell_of_device(event: NewDeviceSeen, at: datetime) -> None:
    """Tell a person of a sign-in from a browser that she never used before."""
    key = f"device:{event.session_id}"
    write(key, event.user_id, at, lambda user: letters.new_device(event.session_id, user))


def tell_of_change(
    event: PasswordChanged | SecondStepSet | SecondStepRemoved | RecoveryCodesMade, at: datetime
) -> None:
    """Tell a person that the way she signs in was changed, whoever changed it.

    Not of what she has never had otherwise: her first password, the codes of a new second step.
    """
    match event:
        case PasswordChanged(first=True) | RecoveryCodesMade(session_id=0):
            return
    key = f"{type(event).__name__}:{event.user_id}:{event.at.timestamp():.6f}"
    write(key, event.user_id, at, lambda user: letters.sign_in_changed(event, user))


def send_sign_up_link(event: SignUpAsked, at: datetime) -> None:
    """Write the link with which a firm that asks to become a partner confirms its address."""
    row, key = sign_up.find(event.sign_up_id), f"sign-up:{event.sign_up_id}"
    if row is None or row.confirmed_at is not None or outbox.known(key):
        return
    path = f"/partner-sign-up/{sign_up.issue_link(row.id, at)}"
    letters.post_to_asker(
        row, "sign_up_confirm", {"path": path, "until": at + sign_up.LINK_LASTS}, at, key
    )


def tell_of_refusal(event: SignUpDeclined, at: datetime) -> None:
    """Tell a firm kindly that it does not become a partner now."""
    row = sign_up.find(event.sign_up_id)
    if row is not None:
        more = {"answer": row.answer, "path": "/partner-sign-up"}
        letters.post_to_asker(row, "sign_up_declined", more, at, f"sign-up-no:{row.id}")
