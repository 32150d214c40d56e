"""A small programme with a person of every role and a lead of every state, for tests that walk all.

`World.values` says what stands for each part of an address: who adds a route with a new
part adds a line there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from io import BytesIO

from sqlalchemy import select
from werkzeug.datastructures import FileStorage

from portal.accounts import api_tokens, tree
from portal.accounts import operations as accounts
from portal.accounts.chosen import secret_key
from portal.accounts.models import OrganisationKind, User
from portal.accounts.queries import get_actor, get_session
from portal.assistance import operations as requests
from portal.assistance.models import RequestKind
from portal.campaigns import operations as campaigns
from portal.catalog import field_operations
from portal.catalog.field_operations import FieldDraft
from portal.catalog.queries import book
from portal.core import clock
from portal.core.db import session
from portal.core.jobs import JobFailure
from portal.core.mail import links
from portal.core.mail.links import Purpose
from portal.customers import activities as customer_activities
from portal.customers import operations as customers
from portal.customers import winning
from portal.customers.models import CustomerAddress
from portal.customers.wall import open_for
from portal.deadlines.models import Approval
from portal.desk import views
from portal.duplicates import merging
from portal.duplicates.models import DuplicatePair
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.imports import files as list_files
from portal.imports import jobs
from portal.imports.reading import open_table
from portal.inbound import mails, pipeline, replies
from portal.inbound.models import InboundMessage, MailState
from portal.leads import activities, hand_over, notes, own_fields, team, versions
from portal.leads.intake.mapping import propose_mapping
from portal.leads.models import Lead, LeadState
from portal.matching import policy_uses
from portal.matching.models import DistributionRule
from portal.offers import deciding
from portal.offers import operations as offers
from portal.partners import activities as partner_activities
from portal.partners import contacts
from portal.partners.models import Absence, Partner, PartnerGroup, PartnerGroupMember
from portal.people import sign_up
from portal.people.models import SignUpRequest
from portal.pickup import operations as pickup
from portal.pickup.models import Extension, Suspension
from portal.programme import operations as programme
from portal.programme.models import TermsKind
from portal.qualification import nurture, routing
from portal.qualification.models import InquiryRoute, NurtureMail
from portal.relations.models import KnowledgeClaim
from portal.sheets import operations as sheets
from portal.sheets.rules import RowKey, write_key
from portal.timeline import activities as timeline
from portal.timeline import attachments, files
from portal.timeline import notes as timeline_notes
from portal.timeline.rules import Entry
from portal.web_forms import operations as web_forms
from tests.factories import (
    answer_questions,
    factory,
    make_customer_letter,
    make_lead,
    make_partner,
    make_person,
    make_vendor,
    make_wording,
)

IMPORTED = 99
UNKNOWN = 987_654_321
SIGNED_OUT = "signed out"
DEACTIVATED = "deactivated"
ABROAD = {"country": "US", "subdivision": "US-TX", "territories": ["US"], "city": "Austin"}


def canary(number):
    """Return contact data as no other lead has them."""
    word = f"zyx{number:03}qv"
    return {
        "company": f"{word.title()} Works",
        "first_name": f"First{word}",
        "last_name": f"Last{word}",
        "role": f"Chief {word}",
        "phone": f"+49 511 77{number:03}99",
        "phone_e164": f"+4951177{number:03}99",
        "email": f"mail.{word}@{word}.example",
        "domain": f"{word}.example",
        "street": f"Alley {word} 7",
        "postcode": f"Q{number:03}X",
        "note": f"Ring the bell of {word}",
    }


def marks_of(number):
    """Return the texts that give a canary away, in lower case.

    Of the phone number so many digits that no figure of /metrics has them by chance.
    """
    phone = f"77{number:03}99"
    return [f"zyx{number:03}qv", f"511{phone}", f"511 {phone}", f"q{number:03}x"]


@dataclass
class World:
    """`people` and `leads` by name; `values` by part of an address, or `endpoint part`."""

    people: dict[str, User] = field(default_factory=dict)
    leads: dict[str, int] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    pickups: dict[str, int] = field(default_factory=dict)
    values: dict[str, object] = field(default_factory=dict)

    def value(self, endpoint, part):
        """Return what stands for a part of an endpoint's address."""
        found = self.values.get(f"{endpoint} {part}", self.values.get(part))
        assert found is not None, (
            f"{endpoint} has <{part}> in its address, and tests/world.py has nothing for it: "
            "add a line to its table `values`."
        )
        return found

    def address(self, rule, **over):
        """Return an address of a rule with ids that exist, or with those of `over`."""
        parts = {part: self.value(rule.endpoint, part) for part in sorted(rule.arguments)}
        return rule.build({**parts, **over}, append_unknown=False)[1]


def unknown_parts(rule):
    """Return ids that stand for nothing, for each part of a rule that is an id."""
    return {
        part: UNKNOWN
        for part, converter in rule._converters.items()
        if type(converter).__name__ == "IntegerConverter"
    }


def give_sheet_back(pickup_id, rep, at):
    """Have a rep give a sheet back, of which a row is not taken; return its id."""
    key = write_key(RowKey(pickup_id, 0), secret_key())
    sheet = f"Key,Status,Feedback\n{key},Won,They ordered.\nx,Won,\n"
    return sheets.take_back(sheet.encode(), "sheet.csv", rep, at, "web").return_id


def make_request(world, at):
    """Ask the vendor for help with a lead in hand; return its id."""
    alice = get_actor(world.people["alice"].id)
    held = world.pickups["held"]
    return requests.ask(RequestKind.HELP, held, "Can you come along?", alice, at).id


@factory
def make_world():
    """Make the world; it stands as if it was made two days ago."""
    at = clock.now() - timedelta(days=2)
    world = World()
    vendor = make_vendor()
    alpha, beta = make_partner("Alpha Systems"), make_partner("Beta Networks")
    gamma = make_partner("Gamma IT", **ABROAD)
    delta = make_partner("Delta Distribution", kind=OrganisationKind.DISTRIBUTOR, **ABROAD)
    branch = make_partner("Alphabranch", parent=alpha, **ABROAD)
    for name, firm, role in (
        ("alice", alpha, "partner_rep"),
        ("alan", alpha, "partner_rep"),
        ("anna", alpha, "partner_manager"),
        ("bob", beta, "partner_rep"),
        ("carol", gamma, "partner_rep"),
        ("gerd", gamma, "partner_manager"),
        ("dora", delta, "distributor_manager"),
        ("dirk", delta, "distributor_sales"),
        ("cleo", branch, "partner_rep"),
        ("manager", vendor, "channel_manager"),
        ("qualifier", vendor, "qualifier"),
        ("admin", vendor, "admin"),
        ("pam", vendor, "account_manager"),
        ("rita", vendor, "regional_manager"),
        ("stella", vendor, "sales_manager"),
        ("helene", vendor, "management"),
        ("olga", vendor, "operations"),
        ("dana", vendor, "direct_sales"),
        (DEACTIVATED, alpha, "partner_rep"),
    ):
        email = f"{name.replace(' ', '')}@{firm.name.split()[0].lower()}.example"
        world.people[name] = make_person(firm, role, name=name.title(), email=email)
    session().flush()
    tree.set_account_manager(alpha, world.people["pam"].id, at)
    make_leads(world, at)
    make_things(world, alpha, at)
    deciding.save(deciding.LETTABLE, True, 15, at)
    return world


def make_leads(world, at):
    """Make a lead of every state."""
    alice = get_actor(world.people["alice"].id)
    states = {
        "captured": LeadState.CAPTURED,
        "qualifying": LeadState.QUALIFYING,
        "ready": LeadState.QUALIFIED,
        "disqualified": LeadState.DISQUALIFIED,
    }
    for number, name in enumerate(
        [*states, "offered", "returned", "lost", "won", "answered", "held"], 1
    ):
        lead = make_lead(
            contact=canary(number),
            state=states.get(name, LeadState.QUALIFIED),
            title=f"Cabinets, the {name} one",
            at=at,
            source_system="file",
            external_id=f"ext-{name}",
        )
        world.leads[name], world.numbers[name] = lead.id, number
        own_fields.write(lead.id, {"where_to_ring": canary(number)["note"]})
        if name in states:
            continue
        answer_questions(lead)
        offers.offer(lead.id, at)
        if name == "offered":
            continue
        held = pickup.claim(lead.id, alice, at).pickup_id
        world.pickups[name] = held
        if name == "returned":
            pickup.give_back(held, "wrong_number", "Nobody there", alice, at)
        elif name == "lost":
            answer = Answer("lost", reason=lost_reason(), decision_maker="The board")
            feedback.give(held, answer, alice, at)
        elif name == "won":
            feedback.give(held, Answer("won", value=1000), alice, at)
        elif name == "answered":
            feedback.give(held, Answer("waiting", note="He calls back."), alice, at)
    session().flush()


def lost_reason():
    """Return the first reason in use for a lost lead."""
    return book().reasons("lost")[0].key.partition(".")[2]


def make_import(world, at):
    """Upload a list with a canary in each row; nobody has named its columns yet."""
    path = jobs.upload_folder() / "canaries"
    told = canary(IMPORTED)
    path.write_text(f"LeadId,Company,Email\r\n1,{told['company']},{told['email']}\r\n")
    with path.open("rb") as file:
        table = open_table(file)
        mapping = propose_mapping(table.headers, "file").mapping
    return list_files.add_import(
        "leads.csv", str(path), table.shape, mapping, at, world.people["manager"].id
    )


def make_things(world, alpha, at):
    """Make one of each of the other things, and the table of what stands in addresses."""
    rule = session().scalars(select(DistributionRule).limit(1)).one()
    group = PartnerGroup(name="Golden", created_at=at)
    absence = Absence(
        organisation_id=alpha.id,
        starts_on=at.date() + timedelta(days=90),
        ends_on=at.date() + timedelta(days=91),
    )
    suspension = Suspension(
        organisation_id=alpha.id, at=at - timedelta(days=9), until=at - timedelta(days=2)
    )
    imported = make_import(world, at)
    failure = JobFailure(
        name="offers.end_rounds",
        payload={"id": 1},
        payload_hash="0",
        error="ValueError",
        first_failed_at=at,
        last_failed_at=at,
    )
    wish = Extension(
        pickup_id=world.pickups["answered"],
        asked_at=at,
        asked_by_id=world.people["alice"].id,
        days=3,
        reason_id=book().reasons("extension")[0].id,
        was_due=at + timedelta(days=7),
        approval=Approval.ACCOUNT_MANAGER,
    )
    claim = KnowledgeClaim(
        lead_id=world.leads["held"],
        organisation_id=alpha.id,
        user_id=world.people["alice"].id,
        at=at,
        how="quote",
        since=at.date(),
    )
    session().add_all([group, absence, suspension, failure, wish, claim])
    session().flush()
    session().add(PartnerGroupMember(group_id=group.id, organisation_id=alpha.id))
    alice = get_actor(world.people["alice"].id)
    world.values = {
        "return_id": give_sheet_back(world.pickups["held"], alice, at),
        "absence_id": absence.id,
        "suspension_id": suspension.id,
        "claim_id": claim.id,
        "colour": "1f7a5c",
        "contact_id": make_contact(alpha, at),
        "delivery_id": 1,
        "entry_id": book().active("brand")[0].id,
        "extension_id": wish.id,
        "failure_id": failure.id,
        "field_id": make_fields(world, alpha, at),
        "filename": "favicon.svg",
        "group_id": group.id,
        "import_id": imported.id,
        "key": "held",
        "lead_actions.page key": "win",
        "lead_actions.take key": "win",
        "lead_id": world.leads["held"],
        "activity_id": make_activity(world, at),
        **dict.fromkeys(
            [f"partner_activities.{verb} activity_id" for verb in VERBS],
            plan_visit(world, alpha, at),
        ),
        "attachment_id": make_file(
            notes.about(world.leads["held"]), get_actor(world.people["alice"].id), at
        ),
        **{
            f"partner_activities.{verb} note_id": timeline_notes.write(
                partner_activities.about(alpha.id),
                "They grow.",
                False,
                get_actor(world.people["manager"].id),
                at,
            ).id
            for verb in NOTE_VERBS
        },
        **{
            f"partner_activities.{verb} attachment_id": make_file(
                partner_activities.about(alpha.id), get_actor(world.people["manager"].id), at
            )
            for verb in FILE_VERBS
        },
        "note_id": make_note(world, at),
        "message_id": make_mail_in(at),
        "mail_id": "20260101T000000-1",
        "jobs.retry_mail mail_id": 1,
        "mail_health.resend mail_id": 1,
        "mail_health.release address_id": 1,
        "organisation_id": alpha.id,
        "pickup_id": world.pickups["held"],
        "request_id": make_request(world, at),
        "rule_id": rule.id,
        "number": 1,
        "route_id": make_route(world, at),
        "template_id": make_nurture_mail(world, at),
        "session_id": session_of(world.people["alan"]),
        "token_id": api_tokens.make_token(
            world.people["admin"].email, "CRM", [api_tokens.Scope.LEADS_WRITE], at
        )[0].id,
        "subject": "lead",
        "slug": "brand",
        "token": "0" * 64,
        "user_id": world.people["alan"].id,
        "unit_id": accounts.add_unit(alpha, "Sales").id,
        "view_id": make_view(world, at),
        "sign_up_id": make_sign_up(at),
    }
    make_web_form(world, at)
    make_wording(get_actor(world.people["manager"].id), at)
    for endpoint in ("kind", "save", "drop", "reset", "test", "mail", "version", "restore"):
        world.values[f"wording.{endpoint} slug"] = "lead_offered"
    make_draft(world, at)
    make_customer(world, at)
    make_hand_over(world)
    make_twins(world, at)
    make_links(world)
    make_invitation(world, alpha)
    answer = make_answer_by_mail(world, at)
    for endpoint in ("page", "enter", "put_aside"):
        world.values[f"incoming_answers.{endpoint} message_id"] = answer
    strange = make_mail_to_lead(world, at)
    for endpoint in ("page", "accept", "put_aside"):
        world.values[f"incoming_of_leads.{endpoint} message_id"] = strange
    for endpoint, name in (("open_sign_in_link", "anna"), ("sign_in_by_link", "bob")):
        secret = accounts.issue_sign_in_link(world.people[name].id, clock.now())
        world.values[f"accounts.{endpoint} token"] = secret


def make_mail_in(at):
    """Have a mail come in that nobody understood."""
    raw = b"From: nobody\r\nSubject: Hm\r\n\r\nHello"
    message_id = pipeline.store(raw, "", "inquiries@in.firstcome.example", "smtp", at)
    message = session().get_one(InboundMessage, message_id)
    mails.settle(message, MailState.NOT_UNDERSTOOD, "odd_sender", at)
    return message_id


def make_answer_by_mail(world, at):
    """Have an answer of Anna's come in that nobody could vouch for."""
    raw = b"From: anna\r\nSubject: Re\r\n\r\nWON"
    message_id = pipeline.store(raw, "", "fb@in.firstcome.example", "smtp", at)
    message = session().get_one(InboundMessage, message_id)
    message.user_id = world.people["anna"].id
    replies.leave(message, "not_vouched", at)
    return message_id


def make_mail_to_lead(world, at):
    """Have a stranger's mail come to the address of the lead that Alice holds."""
    raw = b"From: somebody@stranger.example\r\nSubject: Re\r\n\r\nHello"
    name = f"l+{world.values['lead_id']}-0@in.firstcome.example"
    message_id = pipeline.store(raw, "x@stranger.example", name, "smtp", at)
    mails.settle(session().get_one(InboundMessage, message_id), "not_understood", "stranger", at)
    return message_id


def make_fields(world, firm, at):
    """Have the programme keep something of its own about everything; return the field of leads."""
    for subject in ("partner", "customer"):
        draft = FieldDraft(names={"en": "Their motto"}, kind="text")
        field_operations.add(subject, draft, None, at)
    session().get_one(Partner, firm.id).custom = {"their_motto": "Always at your side"}
    draft = FieldDraft(names={"en": "Where to ring"}, kind="text")
    return field_operations.add("lead", draft, None, at).id


def make_web_form(world, at):
    """Have the channel manager put a form to use."""
    manager = get_actor(world.people["manager"].id)
    made = web_forms.make_form("contact", "Talk to us", manager, at)
    made.active = True
    world.values["form_id"] = made.id
    plan = campaigns.CampaignDraft(name="Spring", channel="search", budget=Decimal(900))
    campaign = campaigns.make_campaign(plan, manager, at)
    world.values["campaign_id"] = campaign.id
    cost = campaigns.enter_cost(campaign.id, at.date(), Decimal(840), "Clicks", manager, at)
    world.values["cost_id"] = cost.id
    for endpoint in ("page", "send", "thanks"):
        world.values[f"form.{endpoint} key"] = made.key


def make_contact(firm, at):
    """Note whom to call at a firm, and return its id."""
    partner = session().get_one(Partner, firm.id)
    return contacts.add_contact(partner, "sales", "Sina Sales", at, phone="0511 123456").id


def make_draft(world, at):
    """Have the channel manager work on the lead definition; name a part for each of its pages."""
    draft = versions.begin_draft(get_actor(world.people["manager"].id), at)
    world.values["definition_id"] = draft.id
    for endpoint in ("part_page", "save_part", "new_part", "add_part", "remove", "move"):
        world.values[f"definition.{endpoint} slug"] = "questions"
        world.values[f"definition.{endpoint} key"] = "situation"
    world.values["definition.plan_first_contact key"] = "organisation"
    for endpoint in ("levels_page", "save_levels"):
        world.values[f"definition.{endpoint} slug"] = "priorities"
    for endpoint in ("rule", "save_rule", "remove_rule"):
        world.values[f"scoring.{endpoint} key"] = "need"
    world.values["version"] = 1
    for endpoint in ("policy", "save_policy", "choose_standard", "use_policy"):
        world.values[f"deadlines.{endpoint} key"] = "standard"
    use = policy_uses.UseDraft(policy_key="standard", temperature="cold")
    world.values["use_id"] = policy_uses.add_use(use, world.people["manager"].id, at).id
    for endpoint in ("terms", "version", "new_terms", "publish_terms"):
        world.values[f"programme.{endpoint} key"] = "programme"
    made = make_terms(world, at)
    world.values["goal_id"], world.values["terms_id"] = made
    world.values["number"] = 1
    for endpoint in ("way_page", "save_way"):
        world.values[f"definition.{endpoint} key"] = "waiting"
        world.values[f"definition.{endpoint} slug"] = "won"


def make_terms(world, at):
    """Have the channel manager set a goal and publish terms; return the ids of both."""
    goal = programme.save_goal(
        programme.GoalDraft(
            kind="won_leads",
            name="Wins this year",
            target=40,
            starts_on=at.date(),
            ends_on=at.date() + timedelta(days=90),
        ),
        at,
    )
    texts = {"en": "Answer within a week.", "de": "Antworten Sie binnen einer Woche."}
    manager = get_actor(world.people["manager"].id)
    terms = programme.publish_terms(TermsKind.PROGRAMME, texts, None, manager, at)
    return goal.id, terms.id


def make_note(world, at):
    """Have Alice write a note about the lead she holds, and return its id."""
    lead = session().get_one(Lead, world.leads["held"])
    alice = get_actor(world.people["alice"].id)
    return notes.write_note(lead, "He plays golf on Fridays.", False, alice, at).id


def make_activity(world, at):
    """Have Alice plan a call about the lead she holds, and return its id."""
    lead = session().get_one(Lead, world.leads["held"])
    alice = get_actor(world.people["alice"].id)
    call = Entry("call", "Ask whether the board has met.", at + timedelta(days=9))
    return activities.enter(lead, call, done=False, actor=alice, at=at).id


VERBS = ("activity", "change", "complete", "cancel")
NOTE_VERBS = ("note", "change_note", "share_note", "remove_note")
FILE_VERBS = ("attachment", "share_attachment", "remove_attachment")


def make_route(world, at):
    """Let a rule give inquiries to somebody."""
    rule = InquiryRoute(name="All", active=True, user_id=world.people["qualifier"].id)
    return routing.save_route(rule, None, 0, get_actor(world.people["manager"].id), at).id


def make_nurture_mail(world, at):
    """Let contacts in nurture get a mail."""
    mail = NurtureMail(days=7, active=True, subjects={"en": "Ten questions"}, texts={"en": "Ten."})
    manager = get_actor(world.people["manager"].id)
    return nurture.save_mail(mail, None, 0, manager, at).id


def make_file(subject, by, at):
    """Have somebody attach a file to something, and return its id."""
    sent = FileStorage(BytesIO(b"The plan of the second plant."), "plan.txt")
    return attachments.attach(subject, files.keep(sent), shared=False, actor=by, at=at).id


def plan_visit(world, firm, at):
    """Have the channel manager plan a visit to a partner, and return its id."""
    manager = get_actor(world.people["manager"].id)
    visit = Entry("appointment", "Show them the new cabinets.", at + timedelta(days=20))
    subject = partner_activities.about(firm.id)
    return timeline.enter(subject, visit, done=False, people={manager.id}, actor=manager, at=at).id


def make_customer(world, at):
    """Make a customer with an address, and let the lead that Alice holds be its."""
    manager = get_actor(world.people["manager"].id)
    made = customers.create(
        customers.Account(name="Muster Works"),
        customers.Reach(email="hello@muster.example"),
        manager,
        at,
    )
    winning.assign(world.leads["held"], made.id, manager, at)
    with open_for([made.id], session()) as opened:
        address_id = opened.scalars(select(CustomerAddress.id)).one()
    world.values |= {"customer_id": made.id, "address_id": address_id}
    call = Entry("call", "Ask how they are getting on.", at + timedelta(days=12))
    subject = customer_activities.about(made.id)
    planned = timeline.enter(
        subject, call, done=False, people={manager.id}, actor=manager, at=at
    ).id
    world.values |= {f"customer_activities.{verb} activity_id": planned for verb in VERBS}
    world.values |= {
        f"customer_activities.{verb} note_id": timeline_notes.write(
            subject, "They like fish.", False, manager, at
        ).id
        for verb in NOTE_VERBS
    }
    world.values |= {
        f"customer_activities.{verb} attachment_id": make_file(subject, manager, at)
        for verb in FILE_VERBS
    }


def make_twins(world, at):
    """Let two inquiries be alike, and two others be one already."""
    manager = get_actor(world.people["manager"].id)
    pair = DuplicatePair(
        lead_id=world.leads["captured"],
        other_lead_id=world.leads["qualifying"],
        score=80,
        reasons=[["phone", "same"]],
        found_at=at,
    )
    session().add(pair)
    session().flush()
    kept, gone = (make_lead({}, state=LeadState.CAPTURED, title="Twins") for _one in range(2))
    done = merging.merge(kept.id, gone.id, {}, manager, at, (kept.version, gone.version))
    world.values |= {"pair_id": pair.id, "merge_id": done.id, "other_id": pair.other_lead_id}
    for endpoint in ("merge_page", "merge", "keep_apart", "of_lead"):
        world.values[f"duplicates.{endpoint} lead_id"] = pair.lead_id


def make_hand_over(world):
    """Let the account manager hand a won lead over to operations; the qualifier is in its team."""
    pam, lead_id = get_actor(world.people["pam"].id), world.leads["won"]
    now = clock.now()
    team.add_member(lead_id, world.people["qualifier"].id, pam, now)
    given = hand_over.hand_over(
        lead_id, now.date() + timedelta(days=3), "Load it, please.", pam, now
    )
    world.values["hand_over_id"] = given.id


def session_of(user):
    """Sign somebody in and return the id of the session."""
    return get_session(accounts.open_session(user.id, clock.now())).id


def make_invitation(world, firm):
    """Invite somebody, and hold the secret of her mail."""
    now = clock.now()
    invited = accounts.invite(firm, "nora@alpha.example", "Nora", ["partner_rep"], now)
    secret = accounts.issue_invitation(invited.id, now)
    world.values["accounts.invitation token"] = secret
    world.values["accounts.accept_invitation token"] = secret
    world.values["partners.invite_again user_id"] = invited.id


def make_sign_up(at):
    """Have a firm ask to become a partner and confirm its address; return the request."""
    asking = sign_up.Asking("Newcomers", "DE", "Nina", "nina@newcomers.example")
    sign_up.ask(asking, "en", at)
    row = session().scalars(select(SignUpRequest).order_by(SignUpRequest.id.desc())).first()
    sign_up.confirm(sign_up.issue_link(row.id, clock.now()), clock.now())
    return row.id


def make_view(world, at):
    """Have the channel manager save a view of the leads that her colleagues may use."""
    manager = get_actor(world.people["manager"].id)
    return views.save("What is on offer", {"state": ["offered"]}, True, manager, at).id


def make_links(world):
    """Give Alice the links of her mails: the buttons of a lead, and the one to hear no more."""
    alice, now = world.people["alice"], clock.now()
    held, offered = world.pickups["held"], world.leads["offered"]
    for endpoint, path in (
        ("open_link", links.issue(Purpose.FEEDBACK, alice.id, now, pickup_id=held)),
        ("press", links.issue(Purpose.OFFER, alice.id, now, lead_id=offered, round_=1)),
        ("open_stop", links.issue(Purpose.STOP, alice.id, now, topic="digest")),
        ("stop", links.issue(Purpose.STOP, alice.id, now, topic="digest")),
    ):
        world.values[f"inbound.{endpoint} token"] = path.removeprefix("/m/")
    for endpoint, kind in (("page", "told"), ("press", "asked")):
        world.values[f"customer_page.{endpoint} token"] = make_customer_letter(held, kind, now)
