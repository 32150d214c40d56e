"""Verbs of notices: one for each thing that a person is to hear, and the mail they become.

Who hears at once gets a mail for each, as it happens. What comes up in quiet hours, what a person
wants to hear once a day, and what heaped up while the house stood still waits as a row and is told
in one mail. A notice is looked at again before it is told: what is past by then is dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    Table,
    and_,
    any_,
    case,
    delete,
    func,
    literal,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from portal.accounts.models import Organisation, User
from portal.core.db import ask, session
from portal.core.mail.models import OutgoingEmail
from portal.core.mail.rendering import TooLarge
from portal.hearing import rules
from portal.hearing.models import Hears, Notice, NoticeRound, Outcome, Topic
from portal.hearing.queries import find_hearer, has_chosen, read_hearers, read_traits
from portal.hearing.rules import Before, Facts, Traits
from portal.leads.models import Lead, LeadState, LeadType
from portal.leads.queries import find_teaser
from portal.notifications import digest, letters, queries
from portal.notifications.digest import Collection
from portal.notifications.letters import Letter
from portal.notifications.news import TOPICS, find_news
from portal.pickup.models import Pickup

KEPT = timedelta(days=90)
COPY_KEPT = timedelta(hours=6)
UNSENT_KEPT = timedelta(days=7)
NOBODY: Mapping[int, datetime] = {}
_NOTICES = cast(Table, Notice.__table__)
IN_LINE = text("SELECT pg_advisory_xact_lock(hashtext('notices'), CAST(:user AS integer))")
WRITE_NOTICE = (
    insert(_NOTICES)
    .on_conflict_do_nothing(index_elements=["user_id", "about"])
    .returning(_NOTICES.c.user_id)
)


def note(
    users: Iterable[User],
    topic: Topic,
    about: str,
    happened_at: datetime,
    at: datetime,
    later: Mapping[int, datetime] = NOBODY,
    /,
    *,
    lead_id: int | None = None,
    **facts: Any,
) -> set[int]:
    """Note what people are to hear, each once per `about`; return who is to be told right now.

    Some hear `later` than they wish, so that somebody else is first. What somebody does not want
    to hear is noted as that. What is told late waits a little for more; what presses waits where a
    person was pressed within the last hour. Who presses several people has them in line
    (`in_line`).
    """
    users = list(users)
    late = at - happened_at > rules.LATE or catching_up(at)
    pressed = last_pressed([user.id for user in users], at) if topic in rules.PRESSING else {}
    lead = traits_of(topic, lead_id)
    rows, now = [], set()
    for user_id, hearer in read_hearers(users, at).items():
        if hearer.wishes.muted:
            continue
        facts_of = Facts(lead, hearer.away_until, later.get(user_id))
        due = rules.due_of(hearer.wishes, topic, facts_of, at)
        wanted = due is not None
        due = rules.first_due(due or at, topic, Before(pressed_at=pressed.get(user_id)))
        if due <= at and late:
            due = at + rules.SETTLES
        if wanted and due <= at:
            now.add(user_id)
        settled = Outcome.ALONE if due <= at else None
        rows.append(
            {
                "user_id": user_id,
                "topic": topic,
                "about": about,
                "lead_id": lead_id,
                "facts": facts,
                "created_at": at,
                "not_before": later.get(user_id),
                "due_at": due if wanted else at,
                "settled_at": at if settled or not wanted else None,
                "outcome": settled if wanted else Outcome.UNWANTED,
            }
        )
    return now.intersection(ask(WRITE_NOTICE, rows).scalars()) if rows else set()


def traits_of(topic: str, lead_id: int | None) -> Traits:
    """Return what of a lead decides whether somebody hears of a topic."""
    if topic not in rules.OF_OFFERS or lead_id is None:
        return Traits()
    return read_traits([lead_id]).get(lead_id, Traits())


def bring_forward(
    people: Iterable[int], about: str, later: Mapping[int, datetime], at: datetime
) -> None:
    """Have people who were to hear of one thing later hear as soon as they wish.

    Those who still hear after somebody else hear `later` than that.
    """
    its = (Notice.about == about, Notice.settled_at.is_(None), Notice.due_at > at)
    found = select(Notice.user_id).where(Notice.user_id.in_(list(people)), *its)
    user_ids = session().scalars(found.order_by(Notice.user_id)).all()
    in_line(user_ids)
    for user_id in user_ids:
        freed = update(Notice).where(Notice.user_id == user_id, *its)
        session().execute(freed.values(not_before=later.get(user_id)))
    time_anew(user_ids, at, *its)


def in_line(user_ids: Iterable[int]) -> None:
    """Have one after the other write to these people, until the transaction ends."""
    for user_id in sorted(set(user_ids)):
        ask(IN_LINE, {"user": user_id})


def last_pressed(user_ids: Sequence[int], at: datetime) -> dict[int, datetime]:
    """Return when people were last told of a deadline, of those who were within the last hour."""
    rows = session().execute(
        select(Notice.user_id, func.max(Notice.settled_at))
        .where(
            Notice.user_id.in_(user_ids),
            Notice.topic.in_(rules.PRESSING),
            Notice.outcome.in_((Outcome.COLLECTED, Outcome.ALONE)),
            Notice.settled_at > at - rules.APART,
        )
        .group_by(Notice.user_id)
    )
    return {user_id: told_at for user_id, told_at in rows if told_at is not None}


def hold(lead_id: int) -> Sequence[object]:
    """Return what every mail about a lead asks for: as long as it is held, it is asked for once.

    A session forgets rows that nobody holds.
    """
    lead = session().get(Lead, lead_id)
    return (
        lead,
        session().get(LeadType, lead.type_id) if lead else None,
        session().get(NoticeRound, 1),
    )


def look_round(at: datetime) -> Sequence[int]:
    """Note that the sender looks, and return who has something due.

    After a long gap, what comes up in the next hour is collected, too.
    """
    table = cast(Table, NoticeRound.__table__)
    session().execute(
        insert(table).values(id=1, ran_at=at).on_conflict_do_nothing(index_elements=["id"])
    )
    row = session().get_one(NoticeRound, 1, with_for_update=True, populate_existing=True)
    if at - row.ran_at > rules.STOOD_STILL:
        row.catching_up_until = at + rules.APART
    row.ran_at = max(row.ran_at, at)
    session().flush()
    return (
        session()
        .scalars(
            select(Notice.user_id)
            .where(Notice.settled_at.is_(None), Notice.due_at <= at)
            .distinct()
            .order_by(Notice.user_id)
        )
        .all()
    )


def catching_up(at: datetime) -> bool:
    """Say whether the house has just stood still."""
    row = session().get(NoticeRound, 1)
    if row is None:
        return False
    recently = row.catching_up_until is not None and at < row.catching_up_until
    return recently or at - row.ran_at > rules.STOOD_STILL


def send_waiting(user_id: int, at: datetime) -> bool:
    """Write the one mail about all that waits for a person; False where nothing is to be told."""
    in_line((user_id,))
    waiting = list(
        session().scalars(
            select(Notice)
            .where(
                Notice.user_id == user_id,
                Notice.settled_at.is_(None),
                Notice.due_at <= at + rules.SETTLES,
            )
            .order_by(Notice.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    )
    if not any(notice.due_at <= at for notice in waiting):
        return False
    user = queries.find_user(user_id)
    if user is None:
        settle(waiting, Outcome.PAST, at)
        return False
    hearer = find_hearer(user, at)
    wishes, gone = hearer.wishes, hearer.away_until
    unwanted = [notice for notice in waiting if rules.never_of(wishes, notice.topic)]
    settle(unwanted, Outcome.UNWANTED, at)
    waiting = [notice for notice in waiting if notice not in unwanted]
    waiting = list(rules.take_due(waiting, wishes, told_before(user_id, at), at, gone))
    session().flush()
    if not waiting:
        return False
    collected, told = collect(waiting, user, at)
    settle([notice for notice in waiting if notice not in told], Outcome.PAST, at)
    if not told:
        return False
    rhythms = [rules.chosen_of(wishes, notice.topic) for notice in told]
    rhythm = next((one for one in rhythms if one in rules.IN_DIGESTS), rhythms[0])
    letter = None
    if len(told) == 1 and rhythm not in rules.IN_DIGESTS:
        letter = alone(collected, user, at, wishes.extent)
    key = f"notices:{user.id}:{told[0].id}"
    if letter is not None:
        letters.post(letter, user, at, key)
    else:
        post_digest(collected, user, at, key, rhythm, wishes.extent)
    settle(told, Outcome.COLLECTED, at)
    return True


def post_digest(
    collected: Collection, user: User, at: datetime, key: str, rhythm: Hears, extent: str
) -> None:
    """Post the mail about many things; where it got too long, with fewer of each."""
    try:
        letters.post(digest.digest(collected, user, at, rhythm, extent), user, at, key)
    except TooLarge:
        short = digest.digest(collected, user, at, rhythm, extent, most=digest.FEWEST_ITEMS)
        letters.post(short, user, at, key)


def told_before(user_id: int, at: datetime) -> Before:
    """Return when a person was last told, as far as it was within the last hour.

    Where the house has just stood still, a mail about one thing counts as one about many.
    """
    counts = (Outcome.COLLECTED, Outcome.ALONE) if catching_up(at) else (Outcome.COLLECTED,)
    collected = session().scalar(
        select(func.max(Notice.settled_at)).where(
            Notice.user_id == user_id,
            Notice.outcome.in_(counts),
            Notice.settled_at > at - rules.APART,
        )
    )
    return Before(collected, last_pressed((user_id,), at).get(user_id))


def collect(waiting: Sequence[Notice], user: User, at: datetime) -> tuple[Collection, list[Notice]]:
    """Return what of all that waits is still true, once each, and the notices about it."""
    found, told = Collection(), []
    owed: set[int] = set()
    order = {topic: place for place, topic in enumerate(Topic)}
    for notice in sorted(waiting, key=lambda one: (order[Topic(one.topic)], one.id)):
        if notice.topic in rules.ASKING:
            pickup = still_owed(notice, at)
            if pickup is None or pickup.id in owed:
                continue
            owed.add(pickup.id)
            found.feedback.append((notice.topic, pickup))
        elif notice.topic in (Topic.LEAD_OFFERED, Topic.OFFER_ENDS):
            offer = queries.find_offer(notice.facts["round_id"], user, at)
            if offer is None:
                continue
            if offer[1].id not in {known.id for _teaser, known, _round in found.offers}:
                found.offers.append(offer)
        elif notice.topic == Topic.ROUND_UNPICKED:
            report = still_unpicked(notice)
            if report is None:
                continue
            found.rounds.append(report)
        elif notice.topic in TOPICS:
            with letters.to(user):
                news = find_news(notice.topic, notice.facts, user, at)
            if news is None:
                continue
            found.news.append(news)
        else:
            drafts = queries.list_drafts(notice.facts["lead_ids"])
            if not drafts:
                continue
            found.drafts += drafts
        told.append(notice)
    return found, told


def alone(collected: Collection, user: User, at: datetime, extent: str) -> Letter | None:
    """Return the mail about the one thing that waits."""
    if collected.feedback:
        kind, pickup = collected.feedback[0]
        return letters.feedback_wanted(kind, pickup, user, at)
    if collected.offers:
        return letters.lead_offered(collected.offers[0], user, at, extent)
    if collected.rounds:
        return letters.round_unpicked(collected.rounds[0], user, at)
    if collected.news:
        with letters.to(user):
            return letters.news_letter(collected.news[0], at)
    return letters.drafts_stale(collected.drafts)


def still_owed(notice: Notice, at: datetime) -> Pickup | None:
    """Return the pickup that a notice asks about, unless it was answered meanwhile.

    Nor where somebody else is to answer by now.
    """
    pickup = queries.find_in_hand(notice.facts["pickup_id"])
    if pickup is None or notice.user_id not in {
        user.id for user in queries.list_answering(pickup, at)
    }:
        return None
    due = letters.due_of(notice.topic, pickup)
    if due is None or due.isoformat() != notice.facts["due"]:
        return None
    if notice.topic == Topic.FEEDBACK_SOON and due <= at:
        return None
    return pickup


def still_unpicked(notice: Notice) -> queries.RoundReport | None:
    """Return how a round went that nobody won, unless somebody has the lead by now."""
    report = queries.find_unpicked(notice.facts["round_id"])
    teaser = find_teaser(report.lead_id) if report else None
    free = teaser is not None and teaser.holder_id is None and teaser.state != LeadState.CLOSED
    return report if free else None


def settle(notices: Sequence[Notice], outcome: Outcome, at: datetime) -> None:
    """Note what became of notices."""
    for notice in notices:
        notice.settled_at, notice.outcome = at, outcome
    session().flush()


def plan_again(user_id: int, at: datetime) -> None:
    """Move what waits for a person to when she wants to hear of it by now."""
    in_line((user_id,))
    time_anew([user_id], at)


def plan_after_default(role: str, at: datetime) -> None:
    """Move what waits for the people of a role to when she hears by now who has chosen nothing."""
    found = (
        select(Notice.user_id)
        .join(User, User.id == Notice.user_id)
        .where(Notice.settled_at.is_(None), literal(role) == any_(User.roles), ~has_chosen())
    )
    user_ids = session().scalars(found.distinct().order_by(Notice.user_id)).all()
    in_line(user_ids)
    time_anew(user_ids, at)


def plan_after_absence(organisation_id: int, at: datetime) -> None:
    """Move what waits for a firm's people until they are back, where an absence was taken out."""
    ahead = (Notice.settled_at.is_(None), Notice.due_at > at)
    found = (
        select(Notice.user_id)
        .join(User, User.id == Notice.user_id)
        .where(User.organisation_id == organisation_id, *ahead)
    )
    user_ids = session().scalars(found.distinct().order_by(Notice.user_id)).all()
    in_line(user_ids)
    time_anew(user_ids, at, *ahead)


def time_anew(user_ids: Sequence[int], at: datetime, *which: ColumnElement[bool]) -> None:
    """Work out anew when people hear of what waits for them, of those notices that are meant."""
    rows = session().execute(
        select(Notice, User)
        .join(User, User.id == Notice.user_id)
        .join(User.organisation)
        .where(Notice.user_id.in_(user_ids), Notice.settled_at.is_(None), *which)
        .where(User.active, Organisation.active)
        .order_by(Notice.user_id, Notice.id)
        .with_for_update(of=Notice)
        .execution_options(populate_existing=True)
    )
    waiting = [(notice, user) for notice, user in rows]
    hearers = read_hearers((user for _notice, user in waiting), at)
    about = (one.lead_id for one, _user in waiting if one.topic in rules.OF_OFFERS)
    leads = read_traits({lead_id for lead_id in about if lead_id})
    for notice, _user in waiting:
        hearer = hearers[notice.user_id]
        lead = leads.get(notice.lead_id or 0, Traits())
        facts = Facts(lead, hearer.away_until, notice.not_before)
        due = rules.due_of(hearer.wishes, notice.topic, facts, at)
        if due is None:
            settle([notice], Outcome.UNWANTED, at)
        else:
            notice.due_at = due
    session().flush()


def forget_told(at: datetime) -> None:
    """Drop notices that were told long ago."""
    old = select(Notice.id).where(Notice.settled_at < at - KEPT).limit(5000)
    session().execute(delete(_NOTICES).where(_NOTICES.c.id.in_(old)))


def forget_contacts(at: datetime) -> None:
    """Take whom to call out of the sent mails that told a holder: the rest is what she answers.

    What was written to and by the customer is emptied whole; what of it could not be sent for days
    is dropped. Our copy is of no use any more.
    """
    lasting = OutgoingEmail.lasting
    of_customers = OutgoingEmail.kind.in_(("customer_letter", "customer_wrote"))
    session().execute(
        delete(OutgoingEmail)
        .where(
            of_customers,
            OutgoingEmail.status.in_(("failed", "held")),
            OutgoingEmail.created_at < at - UNSENT_KEPT,
        )
        .execution_options(synchronize_session=False)
    )
    session().execute(
        update(OutgoingEmail)
        .where(
            OutgoingEmail.status == "sent",
            OutgoingEmail.sent_at < at - COPY_KEPT,
            or_(
                and_(OutgoingEmail.kind == "yours_now", lasting.is_not(None)),
                and_(of_customers, OutgoingEmail.html != ""),
            ),
        )
        .values(
            text=func.coalesce(lasting["text"].astext, ""),
            html=func.coalesce(lasting["html"].astext, ""),
            subject=case((of_customers, ""), else_=OutgoingEmail.subject),
            lasting=None,
        )
        .execution_options(synchronize_session=False)
    )
