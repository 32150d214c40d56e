"""A programme at work, in small: something of everything that a page can show.

Made through the operations, as of now. `Field` names what tests open; `ROLES` who opens it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from email.message import EmailMessage
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

from sqlalchemy import select
from werkzeug.datastructures import FileStorage

from portal.accounts import operations as accounts
from portal.accounts import tree
from portal.accounts.actor import Actor
from portal.accounts.models import OrganisationKind
from portal.accounts.queries import get_actor
from portal.assistance import operations as assistance
from portal.assistance.models import RequestKind
from portal.assistance.rules import Granted, Wanted
from portal.campaigns import consent
from portal.campaigns import operations as campaigns
from portal.catalog import field_operations
from portal.catalog.field_operations import FieldDraft
from portal.catalog.fields import CHOOSING
from portal.catalog.models import FieldKind, FieldSubject
from portal.catalog.queries import book
from portal.core import clock
from portal.core.db import session
from portal.core.jobs import JobFailure
from portal.core.mail import links, outbox
from portal.core.mail.catcher import Mailbox
from portal.core.mail.links import Purpose
from portal.core.mail.models import OutgoingEmail
from portal.customers import activities as customer_activities
from portal.customers import operations as customers
from portal.customers import winning
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.imports import files as list_files
from portal.imports.models import ImportRow
from portal.imports.reading import open_table
from portal.imports.states import ImportState
from portal.imports.wall import open_to
from portal.inbound import mails, pipeline, replies
from portal.inbound.models import InboundMessage, MailState
from portal.leads import activities, dates, hand_over, notes, suppression, team, versions
from portal.leads import operations as leads
from portal.leads.basis import Basis
from portal.leads.definition import mark_of
from portal.leads.intake.mapping import propose_mapping
from portal.leads.models import Lead
from portal.leads.operations import ContactDraft, Draft
from portal.matching import groups
from portal.matching.models import DistributionRule
from portal.matching.policy_uses import UseDraft, add_use
from portal.offers import operations as offers
from portal.partners import activities as partner_activities
from portal.partners import contacts
from portal.partners import operations as partners
from portal.partners.models import Partner
from portal.people import sign_up
from portal.people.models import SignUpRequest
from portal.pickup import operations as pickup
from portal.pickup.models import Pickup
from portal.programme import operations as programme
from portal.programme.models import TermsKind
from portal.qualification import letters, nurture, routing
from portal.qualification.models import InquiryRoute, NurtureMail
from portal.timeline import activities as timeline
from portal.timeline import attachments, files
from portal.timeline import notes as timeline_notes
from portal.timeline.rules import Entry
from portal.web_forms import operations as web_forms
from tests.factories import (
    day_here,
    factory,
    make_customer_letter,
    make_lead,
    make_offered_lead,
    make_partner,
    make_person,
    make_vendor,
    make_wording,
)
from tests.inbound.replying import keep_reply
from tests.world import give_sheet_back

LONG = (
    "Rechenzentrumsumzug mit Verfügbarkeitsvereinbarung für "
    "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaften"
)
TEXT = (
    "The IT manager runs two plants and a budget is signed off. The cabinets are fifteen years old,"
    " two failed this spring, and the insurer asks for a plan before the year ends.\n\nHe knows the"
    " products from his last company and wants somebody who comes by, looks and says what it costs."
)


@dataclass
class Field:
    """Who is there, and what there is to open."""

    people: dict[str, Any] = field(default_factory=dict)
    leads: dict[str, int] = field(default_factory=dict)
    pickups: dict[str, int] = field(default_factory=dict)
    hand_overs: dict[str, int] = field(default_factory=dict)
    firm: int = 0
    goal: int = 0
    customer: int = 0
    partner_note: dict[str, int] = field(default_factory=dict)
    customer_note: dict[str, int] = field(default_factory=dict)
    customer_call: dict[str, int] = field(default_factory=dict)
    own_fields: dict[str, int] = field(default_factory=dict)
    kept: dict[str, dict[str, Any]] = field(default_factory=dict)
    unit: dict[str, int] = field(default_factory=dict)
    group: int = 0
    rule: int = 0
    policy_use: int = 0
    kinds: list[str] = field(default_factory=list)
    entries: list[dict[str, Any]] = field(default_factory=list)
    sheet: int = 0
    mail: str = ""
    mail_in: int = 0
    answer_in: int = 0
    mail_of_lead: int = 0
    imports: dict[str, int] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    invitation: str = ""
    sign_up: dict[str, Any] = field(default_factory=dict)
    web_forms: dict[str, Any] = field(default_factory=dict)
    sign_in_link: str = ""
    note: dict[str, int] = field(default_factory=dict)
    activities: list[dict[str, int]] = field(default_factory=list)
    visit: dict[str, int] = field(default_factory=dict)
    draft: int = 0
    inquiry_route: int = 0
    nurture_mail: int = 0
    leave_mark: str = ""
    customer_pages: list[str] = field(default_factory=list)
    requests: list[int] = field(default_factory=list)


ROLES = (
    *("rep", "free_rep", "partner_manager", "distributor_manager"),
    *("channel_manager", "management", "qualifier", "operations", "admin", "stranger"),
)


def routed(made: Field, at: datetime) -> int:
    """Let inquiries be routed, and be qualified in two steps; return the rule."""
    mara, unit_id = get_actor(made.people["channel_manager"].id), made.unit["unit_id"]
    for position, key in enumerate(("profiling", "bant")):
        briefing = position == 1
        routing.set_step(
            "end_customer",
            key,
            unit_id,
            briefing=briefing,
            position=position,
            actor=mara,
            at=at,
        )
    rule = InquiryRoute(
        name="Germany and its neighbours", active=True, places=["DE", "AT"], unit_id=unit_id
    )
    mail = NurtureMail(
        days=7,
        active=True,
        subjects={"en": "Ten questions before you buy", "de": "Zehn Fragen vor dem Kauf"},
        texts={"en": "Hello {first_name|there},\n\nten questions.", "de": "Guten Tag"},
    )
    made.nurture_mail = nurture.save_mail(mail, None, 0, mara, at).id
    make_wording(mara, at)
    made.leave_mark = letters.mark_of(made.leads["captured"])
    return routing.save_route(rule, None, 0, mara, at).id


@factory
def till_the_field(folder: Path) -> Field:
    """Make the programme and return what is in it; `folder` is where the run keeps its files."""
    at = clock.now()
    made = Field()
    vendor = make_vendor()
    delta = make_partner("Delta Distribution", kind=OrganisationKind.DISTRIBUTOR)
    alpha, beta = make_partner("Alpha Systems", parent=delta), make_partner("Beta Networks")
    session().get_one(Partner, alpha.id).shares = "deals"
    make_partner("Kabel & Söhne Netzwerktechnik und Rechenzentrumsausstattung GmbH & Co. KG")
    made.firm = alpha.id
    nora = accounts.invite(alpha, "nora@new.example", "Nora", ["partner_rep"], clock.now())
    made.invitation = accounts.issue_invitation(nora.id, clock.now())
    made.sign_in_link = accounts.issue_sign_in_link(nora.id, clock.now())
    unit = tree.save_unit(vendor, "Digital sales", at, territories=["DE-NI", "US-CA"])
    tree.save_unit(vendor, "Web team", at, parent_id=unit.id)
    made.unit = {"organisation_id": vendor.id, "unit_id": unit.id}
    made.people = {
        "rep": make_person(alpha, name="Alice Arndt", email="alice@alpha-systems.example"),
        "free_rep": make_person(beta, name="Bob Behrens"),
        "partner_manager": make_person(alpha, "partner_manager", name="Anna Alvarez"),
        "distributor_manager": make_person(delta, "distributor_manager", name="Dora Dahl"),
        "channel_manager": make_person(vendor, "channel_manager", name="Mara Manning"),
        "management": make_person(vendor, "management", name="Helene Brandt"),
        "qualifier": make_person(vendor, "qualifier", name="Quentin Quade"),
        "direct_sales": make_person(vendor, "direct_sales", name="Dana Ruiz", unit_id=unit.id),
        "operations": make_person(vendor, "operations", name="Oskar Riedel"),
        "admin": make_person(vendor, "admin", name="Ada Adler"),
        "stranger": None,
    }
    session().flush()
    alice, bob = get_actor(made.people["rep"].id), get_actor(made.people["free_rep"].id)
    at_work(made, alice, bob)
    made.sheet = give_sheet_back(made.pickups["owed"], alice, at) or 0
    made.links = {name: path.removeprefix("/m/") for name, path in mailed(made, alice.id)}
    made.customer_pages = [
        make_customer_letter(made.pickups["waiting"], kind, at) for kind in ("told", "asked")
    ]
    inquiries(made)
    with_operations(made)
    noted(made, alice)
    keep_more(made)
    accounts_of(made)
    partners.add_absence(
        alpha.id, at.date(), (at + timedelta(days=9)).date(), at, alice.id, "Summer holidays"
    )
    group = groups.save_group("Mentors", "Firms that bring up new partners.", at)
    groups.add_member(group, alpha.id, at)
    made.group = group.id
    made.draft = drafted(made, at)
    made.inquiry_route = routed(made, at)
    use = UseDraft(policy_key="standard", temperature="cold")
    made.policy_use = add_use(use, None, at).id
    made.goal = with_programme(made, at)
    made.rule = session().scalars(select(DistributionRule.id).limit(1)).one()
    # one of each shape; the other kinds have the same pages
    kinds = ("product", "reason", "size_band")
    made.kinds = [kind.replace("_", "-") for kind in kinds]
    made.entries = [
        {"slug": kind.replace("_", "-"), "entry_id": book().by_kind[kind][0].id} for kind in kinds
    ]
    session().add(
        JobFailure(
            name="mail.drain",
            payload={"id": 7},
            payload_hash="x",
            error="OSError: broken",
            attempts=1,
            first_failed_at=at,
            last_failed_at=at,
        )
    )
    outbox.post(
        "password_reset",
        outbox.Recipient(None, "gone@alpha-systems.example", "Gone"),
        {"name": "Gone", "path": "/reset/abc", "until": at},
        at,
        dedupe_key="k",
    )
    mail = session().scalars(select(OutgoingEmail).where(OutgoingEmail.dedupe_key == "k")).one()
    mail.status, mail.error = "failed", "recipient: 550 5.1.1"
    lists(made, folder)
    made.sign_up = newcomers()
    made.web_forms = forms_of(get_actor(made.people["channel_manager"].id), at)
    made.mail = catch(folder / "mailbox")
    made.mail_in = factory(have_mail_come_in)()
    made.answer_in = factory(have_answer_come_in)(made)
    made.mail_of_lead = factory(have_mail_to_lead_come_in)(made)
    return made


def with_programme(made, at):
    """Have goals, territories, terms and somebody who refers leads; return the id of a goal."""
    day, manager = day_here(at), get_actor(made.people["channel_manager"].id)
    for kind, name, target in (
        ("won_value", "Revenue of the half-year", 400_000),
        ("territories", "Partners in the north", 12),
    ):
        goal = programme.save_goal(
            programme.GoalDraft(
                kind=kind,
                name=name,
                target=target,
                starts_on=day - timedelta(days=60),
                ends_on=day + timedelta(days=120),
                codes=["DE-NI"],
            ),
            at,
        )
    programme.save_territories({"DE": 10, "DE-NI": 3, "AT": 2}, at)
    programme.publish_terms(TermsKind.PROGRAMME, {"en": TEXT, "de": TEXT}, day, manager, at)
    programme.join_referral(made.firm, False, manager, at)
    return goal.id


def at_work(made: Field, alice, bob) -> None:
    """Offer, pick up, answer and give back."""
    at = clock.now()

    def offered(name, hours=40, **over):
        made.leads[name] = make_offered_lead(
            at=at - timedelta(hours=3), hours=hours, partner_text=TEXT, **over
        ).id
        return made.leads[name]

    def held(name, actor, answer=None):
        claimed = pickup.claim(offered(name), actor, at - timedelta(hours=2))
        made.pickups[name] = claimed.pickup_id
        if answer:
            feedback.give(claimed.pickup_id, answer, actor, at - timedelta(hours=1))
        return claimed.pickup_id

    offered("hot", hours=5, temperature="hot")
    offered("warm")
    offered("cold", temperature="cold", title=LONG)
    offered("bare", industry_id=None, size_band_id=None, time_frame="")
    held("won", alice, Answer("won", note="Signed.", value=Decimal("48250")))
    held("lost", alice, Answer("lost", reason="price", decision_maker="Head of purchasing"))
    given_back = held("given_back", alice)
    pickup.give_back(given_back, "no_capacity", "We are full.", alice, at)
    held(
        "waiting",
        alice,
        Answer("waiting", note=TEXT, next_step="Visit", next_step_on=(at + timedelta(4)).date()),
    )
    held("done_by_bob", bob, Answer("proposal"))
    late = held("overdue", alice, Answer("not_contacted"))
    held("owed", alice)
    overdue = session().get_one(Pickup, late)
    overdue.feedback_due_at = at - timedelta(days=2)
    session().flush()
    pickup.mark_debt(late, at)
    offers.withdraw(offered("withdrawn"), at)
    offers.decline(offered("declined"), "too_far", bob, at)


def with_operations(made: Field) -> None:
    """Hand three leads over: one waits, one is in work, one is back; one has a team."""
    at = clock.now()
    manager = get_actor(made.people["channel_manager"].id)
    oskar = get_actor(made.people["operations"].id)
    for name, days in (("won", 3), ("owed", 5), ("lost", 1)):
        due_on = (at + timedelta(days=days)).date()
        given = hand_over.hand_over(made.leads[name], due_on, TEXT, manager, at)
        made.hand_overs[name] = given.id
    given.due_on = (at - timedelta(days=2)).date()
    hand_over.take(made.hand_overs["owed"], oskar, at)
    hand_over.hand_back(made.hand_overs["won"], "40021187", LONG, oskar, at)
    for name in ("qualifier", "operations"):
        team.add_member(made.leads["waiting"], made.people[name].id, manager, at)
    team.set_owner(made.leads["waiting"], manager.id, manager, at)


def planned(made: Field, lead: Lead, alice, manager) -> None:
    """Have Alice and the channel manager plan and note activities, and say by when it is over."""
    at = clock.now()
    past, ahead = at - timedelta(days=2), timedelta(days=1)
    late = Entry("appointment", LONG, at - ahead)
    activities.enter(lead, late, done=False, actor=alice, at=past)
    for kind in ("call", "email"):
        made.activities.append(
            {
                "lead_id": lead.id,
                "activity_id": activities.enter(
                    lead, Entry(kind, TEXT, at + ahead), done=False, actor=alice, at=at
                ).id,
            }
        )
    done = made.activities[1]["activity_id"]
    activities.settle(lead, done, done=True, outcome=TEXT, actor=alice, at=at)
    ask = Entry("task", TEXT, at + ahead, shared=True)
    activities.enter(lead, ask, done=False, actor=manager, at=at)
    days = {"estimated_on": past.date(), "expected_on": past.date()}
    dates.set_dates(lead.id, {"started_on": None, **days}, alice, at)
    subject = partner_activities.about(made.firm)
    visit = timeline.enter(
        subject,
        Entry("call", LONG, at + ahead),
        done=False,
        people={manager.id},
        actor=manager,
        at=at,
    )
    made.visit = {"organisation_id": made.firm, "activity_id": visit.id}
    attached(notes.about(lead.id), alice, f"{LONG}.txt")
    attached(notes.about(lead.id), manager, "plan.txt", shared=True)
    attached(subject, manager, "contract.txt")
    noted_there = timeline_notes.write(subject, TEXT, False, manager, at)
    made.partner_note = {"organisation_id": made.firm, "note_id": noted_there.id}


def attached(subject, by, name: str, *, shared: bool = False) -> None:
    """Have somebody attach a file."""
    sent = FileStorage(BytesIO(b"Cabinets, second plant."), name)
    attachments.attach(subject, files.keep(sent), shared=shared, actor=by, at=clock.now())


def keep_more(made: Field) -> None:
    """Have the programme keep something of every kind about everything."""
    at = clock.now()
    choices = [("", {"en": LONG[:60]}, True), ("", {"en": "Rented", "de": "Gemietet"}, True)]
    for subject in FieldSubject:
        for kind in FieldKind:
            draft = FieldDraft(
                names={"en": f"{kind.replace('_', ' ').capitalize()} of the {subject}"},
                hints={"en": "As it stands in the file."},
                kind=kind,
                choices=choices if kind in CHOOSING else (),
                teaser=subject == FieldSubject.LEAD and kind != FieldKind.LONG_TEXT,
            )
            one = field_operations.add(subject, draft, None, at)
            made.own_fields[f"{subject} {kind}"] = one.id
            written = {
                FieldKind.TEXT: LONG,
                FieldKind.LONG_TEXT: TEXT,
                FieldKind.WHOLE: 12500,
                FieldKind.DECIMAL: "12.5",
                FieldKind.YES_NO: True,
                FieldKind.DAY: "2026-11-30",
                FieldKind.ONE: "rented",
                FieldKind.SEVERAL: ["rented"],
                FieldKind.WEB: "https://www.company.example/about-us",
            }
            made.kept[subject] = {**made.kept.get(subject, {}), one.key: written[kind]}
    field_operations.set_active(made.own_fields["lead web"], False, None, at)
    session().get_one(Partner, made.firm).custom = made.kept["partner"]


def accounts_of(made: Field) -> None:
    """Make a customer of whoever stands behind a won lead, and a second one much like it."""
    at = clock.now()
    manager = get_actor(made.people["channel_manager"].id)
    customer = winning.make_of(made.leads["won"], manager, at)
    customer.custom = made.kept["customer"]
    winning.assign(made.leads["waiting"], customer.id, manager, at)
    like = customers.Account(
        name=LONG, domain="kanarienwerke.example", city="Hanover", country="DE", note=TEXT
    )
    reach = customers.Reach(email="hello@kanarienwerke.example", phone="+49 511 1234567")
    customers.create(like, reach, manager, at, looked=True)
    made.customer = customer.id
    call = timeline.enter(
        customer_activities.about(customer.id),
        Entry("call", LONG, at + timedelta(days=1)),
        done=False,
        people={manager.id},
        actor=manager,
        at=at,
    )
    attached(customer_activities.about(customer.id), manager, "order.txt")
    note = timeline_notes.write(customer_activities.about(customer.id), LONG, False, manager, at)
    made.customer_note = {"customer_id": customer.id, "note_id": note.id}
    made.customer_call = {"customer_id": customer.id, "activity_id": call.id}


def ask_for(made: Field, alice, at: datetime) -> list[int]:
    """Ask the vendor for help and for a special price, which is granted; return their ids."""
    manager, held = get_actor(made.people["channel_manager"].id), made.pickups["waiting"]
    some = book().active("product")[0].id
    wanted = Wanted([(some, 20)], discount=Decimal("12.5"))
    price = assistance.ask(RequestKind.PRICING, held, TEXT, alice, at, wanted)
    until = (at + timedelta(days=20)).date()
    assistance.grant(price.id, Granted(price=Decimal(9000), until=until), LONG, manager, at)
    return [price.id, assistance.ask(RequestKind.HELP, held, LONG, alice, at).id]


def noted(made: Field, alice) -> None:
    """Write notes on a held lead, some shared, and note whom to call at a firm."""
    at = clock.now()
    manager = get_actor(made.people["channel_manager"].id)
    lead = session().get_one(Lead, made.leads["waiting"], populate_existing=True)
    note = notes.write_note(lead, TEXT, False, alice, at)
    timeline_notes.change(notes.about(lead.id), note.id, f"{TEXT} {LONG}", alice, at)
    made.note = {"lead_id": lead.id, "note_id": note.id}
    notes.write_note(lead, LONG, True, alice, at)
    made.requests = ask_for(made, alice, at)
    notes.write_note(lead, "Ask for the plan of the second plant.", True, manager, at)
    planned(made, lead, alice, manager)
    firm = session().get_one(Partner, made.firm)
    contacts.add_contact(firm, "sales", "Anna Alvarez", at, phone="0511 123456", for_leads=True)
    contacts.add_contact(firm, "technical", LONG[:60], at, email="technik@alpha-systems.example")


def drafted(made: Field, at: datetime) -> int:
    """Have the channel manager take out a status in which leads are, and return the draft."""
    manager = get_actor(made.people["channel_manager"].id)
    draft = versions.begin_draft(manager, at)
    content = versions.content_of(draft)
    waiting = content.status_of("waiting")
    assert waiting is not None
    versions.remove_part(draft.id, waiting, mark_of(content, waiting), manager, at)
    return draft.id


def mailed(made: Field, user_id: int) -> Iterator[tuple[str, str]]:
    """Yield the links that the mails to a person hold, by what they are about."""
    issue = partial(links.issue, user_id=user_id, at=clock.now())
    for name in ("cold", "done_by_bob"):
        yield f"offer {name}", issue(Purpose.OFFER, lead_id=made.leads[name], round_=1)
    for name in ("owed", "overdue", "won"):
        yield f"feedback {name}", issue(Purpose.FEEDBACK, pickup_id=made.pickups[name])
    given = feedback.newest(made.pickups["waiting"])
    yield "undo", issue(Purpose.UNDO, pickup_id=given.pickup_id, feedback_id=given.id)
    yield "stand by", issue(Purpose.STAND_BY, lead_id=made.leads["done_by_bob"])
    yield "stop", issue(Purpose.STOP, topic="digest")
    read = keep_reply(made.people["rep"], "feedback", status="proposal", note=TEXT)
    about = {"lead_id": made.leads["waiting"], "pickup_id": made.pickups["waiting"]}
    yield "confirm", issue(Purpose.CONFIRM, **about, message_id=read)


def inquiries(made: Field) -> None:
    """Take inquiries in, in every state before an offer."""
    at = clock.now()
    manager = get_actor(made.people["channel_manager"].id)

    def captured(name, **over):
        draft = Draft(
            title=over.pop("title", "Uninterruptible power for the server room"),
            country="DE",
            city="Hanover",
            source_key=book().active("source")[0].key,
            industry_original="Maschinenbau",
            basis=Basis("asked"),
            contact=ContactDraft(
                company=over.pop("company", "Beispielwerke AG"),
                first_name="Eva",
                last_name="Kern",
                email="eva.kern@beispielwerke.example",
                phone="+49 511 1234567",
                note=TEXT,
            ),
            **over,
        )
        made.leads[name] = leads.capture(draft, at - timedelta(days=1)).id
        return made.leads[name]

    captured("captured")
    captured("long", title=LONG, company=LONG[:80])
    captured("twin")
    for name, reason in (("disqualified", "no_need"), ("silenced", "do_not_call")):
        leads.disqualify(captured(name, company=name), reason, "", manager, at)
    made.leads["ready"] = make_lead(at=at).id


def newcomers() -> dict[str, Any]:
    """Have two firms ask to become partners: one that waits for its mail, one for an answer."""
    for name in ("Waits", "Asks"):
        asking = sign_up.Asking(name, "DE", "Nina", f"nina@{name}.example", message=TEXT)
        sign_up.ask(asking, "en", clock.now())
    waits, asks = session().scalars(select(SignUpRequest).order_by(SignUpRequest.id))
    sign_up.confirm(sign_up.issue_link(asks.id, clock.now()), clock.now())
    return {"token": sign_up.issue_link(waits.id, clock.now()), "id": asks.id}


def forms_of(manager: Actor, at: datetime) -> dict[str, Any]:
    """Have the manager make a form of each kind; somebody has yet to confirm what he sent."""
    consent.word(
        "contact", {"en": "You may call me.", "de": "Sie dürfen mich anrufen."}, manager, at
    )
    plan = campaigns.CampaignDraft(name="Spring", channel="search", budget=Decimal(900))
    campaign = campaigns.make_campaign(plan, manager, at)
    campaigns.enter_cost(campaign.id, at.date(), Decimal(840), "Clicks", manager, at)
    suppression.add("silent@kanarienwerke.example", "do_not_call", at)
    made = {}
    for kind in ("contact", "trial", "event"):
        form = web_forms.make_form(kind, f"Form for {kind}", manager, at)
        form.active, form.consent_key = kind != "trial", "contact"
        form.confirms = kind == "contact"
        form.event_at = at + timedelta(days=9) if kind == "event" else None
        made[kind] = form
    sent = web_forms.Sent(typed={"email": "nina@waits.example", "last_name": "Waits"})
    entry = web_forms.answer(made["contact"], sent, clock.now())
    return {
        "ids": [form.id for form in made.values()],
        "keys": [form.key for form in made.values()],
        "token": web_forms.open_confirmation(entry),
        "campaign": campaign.id,
    }


def lists(made: Field, folder: Path) -> None:
    """Bring lists in: to be named, running, paused, and one that is done and refused a row."""
    path = folder / "list.csv"
    path.write_text(
        f"Lead ID;Company;Last Name;Email;{LONG}\n1;Muster;Kern;kern@x.example;{LONG}\n"
    )
    with path.open("rb") as file:
        table = open_table(file)
        mapping = propose_mapping(table.headers).mapping
    by = made.people["channel_manager"].id
    stands = (*(ImportState.UPLOADED, ImportState.RUNNING, ImportState.PAUSED), ImportState.DONE)
    for state in stands:
        row = list_files.add_import(f"{LONG}.csv", str(path), table.shape, mapping, clock.now(), by)
        row.state, made.imports[state] = state, row.id
        if state == ImportState.UPLOADED:
            sheet = {"hidden": False, "head": [["Lead ID", LONG], ["1", "Muster"]]}
            sheets = [{"name": LONG[:31], **sheet}, {"name": "Fair", **sheet}]
            row.report = {**row.report, "workbook": {"sheets": sheets, "sheet": "Fair"}}
    counted = {"rows": 4, "imported": 3, "refused": 1, "suppressed": 1, "duplicates": 1}
    row.report = {**row.report, **counted, "states": {"new": 1, "suppressed": 1, "duplicate": 1}}
    reasons = {"email": "This is no e-mail address.", "country": f"We don't know “{LONG}”."}
    row.keeps_rows = True
    with open_to(row.id) as own:
        own.add(
            ImportRow(
                import_id=row.id,
                row_number=2,
                state="refused",
                raw={"cells": ["2", "=x"]},
                reasons=reasons,
            )
        )


def catch(mailbox: Path) -> str:
    """Put a mail into the mailbox as the catcher does and return its name."""
    mail = EmailMessage()
    mail["From"], mail["To"] = "portal@firstcome.example", "alice@alpha-systems.example"
    mail["Subject"] = "A lead for you: " + LONG
    mail["Date"] = clock.now()
    mail.set_content("A lead for you.")
    mail.add_alternative("<html><head></head><body><p>A lead for you.</p></body></html>", "html")
    return Mailbox(mailbox).keep(mail.as_bytes())


def have_answer_come_in(made: Field) -> int:
    """Have an answer of a rep come in that nobody vouches for."""
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "Bob <bob@alpha.example>", f"Re: {LONG}"
    mail.set_content(f"PROPOSAL\n{TEXT}\n")
    at = clock.now()
    kept = pipeline.store(mail.as_bytes(), "", "fb@in.firstcome.example", "smtp", at)
    assert kept is not None
    message = session().get_one(InboundMessage, kept)
    message.user_id = made.people["rep"].id
    replies.leave(message, "not_vouched", at)
    return kept


def have_mail_to_lead_come_in(made: Field) -> int:
    """Have a stranger's mail come to the address of a lead in hand."""
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "Tom <tom@stranger.example>", f"Re: {LONG}"
    mail.set_content(f"{TEXT}\n")
    name, at = f"l+{made.leads['waiting']}-0@in.firstcome.example", clock.now()
    kept = pipeline.store(mail.as_bytes(), "tom@stranger.example", name, "smtp", at)
    assert kept is not None
    mails.settle(session().get_one(InboundMessage, kept), "not_understood", "stranger_to_lead", at)
    return kept


def have_mail_come_in() -> int:
    """Have a mail of one of our own come in, in which nobody found who asks."""
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "Mara <mara@vendor.example>", f"Fwd: {LONG}"
    mail.set_content(f"{TEXT}\n\nCall her on 0511 7654321.\n")
    at = clock.now()
    kept = pipeline.store(mail.as_bytes(), "", "inquiries@in.firstcome.example", "smtp", at)
    assert kept is not None
    message = session().get_one(InboundMessage, kept)
    mails.settle(message, MailState.NOT_UNDERSTOOD, "no_original", at)
    return kept
