"""What else stands in the demo: leads that the vendor sells itself, a mistake, the archive, files.

As all of the story it is brought about by the operations of the rooms.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from io import BytesIO
from random import Random

from sqlalchemy import func, select
from werkzeug.datastructures import FileStorage

from portal.accounts.actor import Actor
from portal.accounts.queries import get_actor
from portal.campaigns import operations as campaigns
from portal.campaigns.models import Channel
from portal.catalog.queries import book
from portal.core import circumstances
from portal.core.db import session
from portal.customers import policy, queries
from portal.demo.stage import Stage
from portal.feedback import actions
from portal.feedback.action_rules import Action
from portal.feedback.rules import CANCELLED, Answer
from portal.leads import archive, signals, team
from portal.leads.dates import set_dates
from portal.leads.models import Lead, LeadState, LeadStatus, LifeState, SignalKind
from portal.leads.notes import about
from portal.qualification import desk, nurture, routing
from portal.qualification.desk import Try
from portal.qualification.models import InquiryRoute, NurtureMail
from portal.qualification.queue import Filters
from portal.qualification.rules import Outcome
from portal.scoring import operations as scoring
from portal.scoring import records
from portal.timeline import attachments, files
from portal.web_forms import operations as web_forms
from portal.web_forms.models import FormKind
from portal.web_forms.queries import find_form
from portal.web_forms.rules import asked_of

DAY = timedelta(days=1)
ENDS = (-12, -3, 0, 4, 11, 30)
"""In how many days leads in hand are to be closed."""
OURS_IS = "pam"
"""The mailbox of the account manager to whom go the leads that the vendor sells itself."""
FILES = (
    ("Floor plan, notes.txt", "Hall 1: two cabinets, one outlet each.\nHall 2: nothing yet.\n"),
    ("Quantities.csv", "position;pieces\nSwitch, 48 ports;6\nAccess point;22\n"),
    ("Minutes of the first call.txt", "They decide in the last week of the month.\n"),
)


KINDS = (SignalKind.VISIT, SignalKind.VISIT, SignalKind.DOWNLOAD, SignalKind.REPLY)


def signals_of(rng: Random, at: datetime) -> Iterator[tuple[datetime, SignalKind]]:
    """Yield what one in four does by himself in the days after his inquiry."""
    if rng.random() < 0.25:
        for _sign in range(rng.randint(1, 5)):
            yield at + timedelta(days=rng.expovariate(1 / 4) + 0.1), rng.choice(KINDS)


def give_sign(lead_id: int, kind: SignalKind, at: datetime) -> None:
    """Let the web site or the mailings see somebody, unless the lead is gone by then."""
    if session().get(Lead, lead_id) is not None:
        signals.add_signal(lead_id, kind, at, source="website")


def weigh_leads(at: datetime) -> None:
    """Weigh all open leads, and count what became of each source."""
    after = 0
    while ids := scoring.unscored(after, 500):
        scoring.score_many(ids, at)
        after = ids[-1]
    records.count(at)


CAMPAIGNS = (
    # source, name, channel, budget, paid for each lead, spent each month and on what
    (
        "web_registration",
        "Search: ageing network",
        Channel.SEARCH,
        16_000,
        None,
        1_150,
        "Ads",
    ),
    ("email_campaign", "Letter to known addresses", Channel.EMAIL, 6_000, 9, 240, "Mailing house"),
    ("trade_show", "Stand at the trade fair", Channel.EVENT, 30_000, None, 2_300, "Stand, travel"),
)
VISITORS = (
    (3 * DAY, "Korte Logistik GmbH", "Jule", "Korte", "j.korte@korte-logistik.example"),
    (DAY / 5, "Korte Logistik", "Jule", "Korte", "jule.korte@mailbox.example"),
)
ASKED = (
    "We move into a second hall in spring and need scanners and access points in every aisle.",
    "About the second hall again: could somebody call me on Thursday?",
)


def plan_campaigns(stage: Stage, at: datetime) -> dict[str, int]:
    """Let the channel manager plan the campaigns of the year; return their ids by source."""
    planned = {}
    for source, name, channel, budget, each, _spent, _what in CAMPAIGNS:
        draft = campaigns.CampaignDraft(
            name=name,
            channel=channel,
            source_id=book().id_of("source", source),
            starts_on=at.date(),
            budget=Decimal(budget),
            per_lead=None if each is None else Decimal(each),
        )
        planned[source] = campaigns.make_campaign(draft, stage.manager, at).id
    return planned


def spend(stage: Stage, planned: Mapping[str, int], at: datetime) -> None:
    """Enter what the campaigns cost in a month."""
    for source, _name, _channel, _budget, _each, spent, what in CAMPAIGNS:
        campaigns.enter_cost(planned[source], at.date(), Decimal(spent), what, stage.manager, at)


def open_form(stage: Stage, at: datetime) -> None:
    """Put a form on the web site, as it begins."""
    form = web_forms.make_form(FormKind.CONTACT, "Talk to us", stage.manager, at)
    draft = web_forms.FormDraft(
        name=form.name,
        words=form.words,
        fields=asked_of(form.fields),
        type_key="organisation",
        source_id=form.source_id,
    )
    web_forms.save_form(form.id, draft, stage.manager, at, form.version)


def ask_by_form(number: int, at: datetime) -> None:
    """Let somebody ask by the form, and once more from another address."""
    _ago, company, first, last, email = VISITORS[number]
    form = find_form("talk-to-us")
    if form is not None:
        typed = {
            "company": company,
            "first_name": first,
            "last_name": last,
            "email": email,
            "message": ASKED[number],
        }
        web_forms.answer(form, web_forms.Sent(typed=typed, mark=f"visitor {number}"), at)


def name_support(stage: Stage, at: datetime) -> None:
    """Let the channel manager name who helps new customers start."""
    now = queries.read_policy()
    policy.choose(
        from_wins=now.from_wins,
        number_demanded=now.number_demanded,
        classification_id=now.classification_id,
        credit_rating_id=now.credit_rating_id,
        from_qualified=now.from_qualified,
        support_id=stage.staff["operations"].id,
        actor=stage.manager,
        at=at,
    )


def sell_ourselves(stage: Stage, lead_id: int, at: datetime) -> None:
    """Let the channel manager give a lead to an account manager, who begins to work on it."""
    pam = stage.staff[OURS_IS]
    with circumstances.under(channel="web", actor_id=stage.manager.id):
        team.set_owner(lead_id, pam.id, stage.manager, at)
    with circumstances.under(channel="web", actor_id=pam.id):
        actions.begin(lead_id, pam, at)


def cancel(stage: Stage, lead_id: int, at: datetime) -> None:
    """Let the channel manager find out that an inquiry was no inquiry."""
    with circumstances.under(channel="web", actor_id=stage.manager.id):
        said = Answer(CANCELLED, reason="by_mistake", note="Our own test of the new form.")
        actions.finish(Action.CANCEL, lead_id, said, stage.manager, at)


def keep_for_later(stage: Stage, at: datetime) -> None:
    """Let the channel manager keep two lost leads; one is back in view by the end."""
    lost = (
        select(Lead.id)
        .join(LeadStatus, LeadStatus.id == Lead.status_id)
        .where(Lead.state == LeadState.CLOSED, LeadStatus.life_state == LifeState.LOST)
        .order_by(Lead.closed_at.desc(), Lead.id)
        .limit(2)
    )
    for lead_id, days, note in zip(
        session().scalars(lost).all(),
        (19, 90),
        ("Their contract ends soon: ask again.", "The new budget is decided in spring."),
        strict=False,
    ):
        with circumstances.under(channel="web", actor_id=stage.manager.id):
            archive.put_in(lead_id, (at + days * DAY).date(), note, stage.manager, at)


def attach_files(held: Sequence[int], at: datetime) -> None:
    """Let who works on a lead attach a file: some holders, and the owner of a lead of ours.

    `held` are the leads of those holders.
    """
    ours = select(Lead.id).where(Lead.state == LeadState.DIRECT).order_by(Lead.state_since).limit(1)
    for number, lead_id in enumerate([*held, *session().scalars(ours)]):
        lead = session().get_one(Lead, lead_id, populate_existing=True)
        worker = get_actor(lead.holder_id or lead.owner_id or 0)
        attach(lead, FILES[number % len(FILES)], number % 2 == 0, worker, at)


def expect_ends(held: Sequence[int], at: datetime) -> None:
    """Let holders say when their leads will be closed: some were to be by now, others soon."""
    for lead_id, days in zip(held, ENDS, strict=False):
        holder = get_actor(session().get_one(Lead, lead_id, populate_existing=True).holder_id or 0)
        with circumstances.under(channel="web", actor_id=holder.id):
            set_dates(lead_id, {"expected_on": at.date() + timedelta(days=days)}, holder, at)


def attach(lead: Lead, file: tuple[str, str], shared: bool, worker: Actor, at: datetime) -> None:
    """Let somebody attach a file to a lead."""
    name, text = file
    with circumstances.under(channel="web", actor_id=worker.id):
        stored = files.keep(FileStorage(BytesIO(text.encode()), name))
        attachments.attach(about(lead.id), stored, shared=shared, actor=worker, at=at)


NURTURE_MAILS = (
    (
        7,
        {"en": "What to ask before you buy", "de": "Was Sie vor dem Kauf fragen sollten"},
        {
            "en": """Hello {first_name|there},

who buys for ten years asks four things first: what it costs to run, who repairs it,
what it works with, and how it grows.""",
            "de": """Guten Tag,

wer für zehn Jahre kauft, fragt zuerst vier Dinge: was der Betrieb kostet, wer repariert,
womit es zusammenarbeitet, und wie es mitwächst.""",
        },
    ),
    (
        30,
        {"en": "Is it time by now?", "de": "Ist es inzwischen so weit?"},
        {
            "en": """Hello {first_name|there},

a month ago you asked us about “{title}”. One line in answer is enough.""",
            "de": """Guten Tag,

vor einem Monat fragten Sie uns nach „{title}“. Eine Zeile als Antwort genügt.""",
        },
    ),
)
TRIED = (
    (Outcome.VOICEMAIL, "Asked to call back in the afternoon.", None),
    (Outcome.NO_ANSWER, "", None),
    (Outcome.CALL_BACK, "In a meeting until four.", timedelta(days=1)),
)


LEFT_WAITING = 3


def next_of(qualifier: Actor, at: datetime) -> Lead | None:
    """Let somebody take the next inquiry; of few some are left to wait."""
    waiting = select(func.count()).select_from(Lead).where(Lead.state == LeadState.CAPTURED)
    if (session().scalar(waiting) or 0) <= LEFT_WAITING:
        return None
    return desk.take_next(qualifier, at, Filters())


def work_at_the_desk(stage: Stage, at: datetime) -> None:
    """Route inquiries, try some contacts, and keep two warm who are not ready yet."""
    with circumstances.under(channel="web", actor_id=stage.manager.id):
        for days, subjects, texts in NURTURE_MAILS:
            mail = NurtureMail(days=days, active=True, subjects=subjects, texts=texts)
            nurture.save_mail(mail, None, 0, stage.manager, at)
        qualifier = get_actor(stage.qualifiers[0].id)
        if qualifier.unit_id is not None:
            route = InquiryRoute(
                name="Future partners", active=True, kind="partner_recruit",
                unit_id=qualifier.unit_id,
            )  # fmt: skip
            routing.save_route(route, None, 0, stage.manager, at)
            rest = InquiryRoute(name="Everything else", active=True, unit_id=qualifier.unit_id)
            routing.save_route(rest, None, 0, stage.manager, at)
            routing.route_waiting(at, stage.manager)
    with circumstances.under(channel="web", actor_id=qualifier.id):
        for outcome, note, later in TRIED:
            lead = next_of(qualifier, at)
            if lead is not None:
                back = at + later if later else None
                desk.note_attempt(lead.id, Try(outcome, note, back), qualifier, at)
                desk.release(lead.id, qualifier)
        for weeks in (6, 20):
            lead = next_of(qualifier, at)
            if lead is not None:
                until = (at + timedelta(weeks=weeks)).date()
                nurture.begin(lead.id, until, qualifier, at)
