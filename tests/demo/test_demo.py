"""The demo programme, built small."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal.accounts.models import (
    PARTNER_KINDS,
    Organisation,
    OrganisationKind,
    Programme,
    User,
)
from portal.accounts.passwords import matches
from portal.accounts.queries import find_user_by_email, get_actor
from portal.accounts.reach import read_firms
from portal.catalog.queries import forget_book
from portal.core.db import db, session, unit_of_work
from portal.core.events import Delivery, EventRow
from portal.core.mail.models import OutgoingEmail
from portal.customers.models import CustomerPolicy
from portal.demo import story
from portal.demo.cast import PASSWORD
from portal.demo.command import demo
from portal.demo.inquiries import Composer
from portal.desk.fairness import list_months
from portal.feedback.models import Feedback
from portal.leads.leaks import find_leaks
from portal.leads.models import ArchivedLead, HandOver, Lead, LeadState
from portal.leads.operations import facts_of, phone_of
from portal.leads.requirements import missing_for
from portal.matching.models import Replay, WeightSuggestion
from portal.offers.jobs import due_rounds
from portal.offers.models import Offer, OfferRound
from portal.partners.completeness import read_completeness
from portal.partners.models import Absence, Partner
from portal.partners.queries import list_groups
from portal.pickup.jobs import changed_debts
from portal.pickup.models import Pickup
from portal.pickup.queries import position_of
from portal.pickup.rules import Colour, may_pick
from portal.timeline.models import Activity
from tests import factories

AT = datetime(2026, 11, 16, 9, 25, tzinfo=UTC)
# the demo in full takes a minute to build: `make soak` does it (THOROUGH=1)
SIZE = story.FULL if os.environ.get("THOROUGH") else 40


@pytest.fixture
def played(ctx: Flask) -> Flask:
    """Return the application with the demo in it."""
    story.build(AT, seed=7, size=SIZE)
    return ctx


def test_the_demo_has_its_people_their_offers_and_a_past(played: Flask) -> None:
    alice, bob, carol = (
        get_person(email)
        for email in (
            "alice@alpha-systems.example",
            "bob@beta-networks.example",
            "carol@gamma-it.example",
        )
    )

    # the same leads are on offer to Alice and Bob, none of them to Carol
    offered = story.open_offers(alice.organisation_id)
    assert len(offered) >= 3
    assert offered == story.open_offers(bob.organisation_id)
    assert not offered & story.open_offers(carol.organisation_id)
    ends = session().scalars(
        select(Offer.ends_at).where(
            Offer.open, Offer.organisation_id.in_([alice.organisation_id, bob.organisation_id])
        )
    )
    assert all(moment > AT + timedelta(hours=12) for moment in ends)

    # both may pick ten more
    for person in (alice, bob):
        where = position_of(get_actor(person.id), AT)
        assert where.gate.colour == Colour.GREEN
        assert where.standing.rep_capacity - where.gate.in_hand >= 10
        assert where.standing.capacity - where.firm_in_hand >= 20
        assert may_pick(where.standing, where.gate, where.firm_in_hand, AT) is None

    # Alice holds two, both answered, none due soon
    held = session().scalars(
        select(Pickup).where(Pickup.user_id == alice.id, Pickup.ended_at.is_(None))
    )
    assert [pickup.last_feedback_at is not None for pickup in held] == [True, True]
    assert position_of(get_actor(alice.id), AT + timedelta(days=2)).gate.colour == Colour.GREEN

    # people of every role, who sign in with the one password
    roles = {role for row in session().scalars(select(User.roles)) for role in row}
    assert roles >= {
        "admin",
        "channel_manager",
        "qualifier",
        "account_manager",
        "operations",
        "management",
        "distributor_manager",
        "partner_manager",
        "partner_rep",
    }
    assert matches(alice.password_hash, PASSWORD)
    assert session().scalar(select(func.count()).select_from(User)) >= 80  # type: ignore[operator]
    kinds = Counter(session().scalars(select(Organisation.kind)))
    assert kinds[OrganisationKind.RESELLER] >= 30
    assert kinds[OrganisationKind.DISTRIBUTOR] >= 2
    assert len(set(session().scalars(select(Partner.country)))) >= 7

    # every partner has somebody who answers for it, and who leads them sees the same
    firms = select(Organisation).where(Organisation.kind.in_(PARTNER_KINDS))
    assert all(firm.account_manager_id for firm in session().scalars(firms))
    pam, regional = (
        get_actor(get_person(f"{name}@firstcome.example").id) for name in ("pam", "regional")
    )
    own, all_of_them = read_firms(pam), read_firms(regional)
    assert own is not None
    assert all_of_them is not None
    assert 5 < len(own) < len(all_of_them)
    assert len(all_of_them) == len(session().scalars(firms).all())
    waiting, back = (
        session().scalar(select(func.count()).where(which))
        for which in (HandOver.done_at.is_(None), HandOver.erp_number.is_not(None))
    )
    assert (waiting, back) == (3, 1) if SIZE == story.FULL else waiting or back

    # every state that something leads to, and every answer
    assert set(session().scalars(select(Lead.state))) == {
        LeadState.CAPTURED,
        LeadState.QUALIFYING,
        LeadState.QUALIFIED,
        LeadState.OFFERED,
        LeadState.HELD,
        LeadState.RECALLED,
        LeadState.CLOSED,
        LeadState.RETURNED,
        LeadState.NURTURE,
        LeadState.DISQUALIFIED,
        LeadState.DIRECT,
        LeadState.NURTURE,
    }
    # whoever qualifies has what the type plans for a first contact
    first = select(Activity.kind).where(
        Activity.code == "cadence", Activity.done_at.is_(None), Activity.cancelled_at.is_(None)
    )
    assert {"email", "call"} <= set(session().scalars(first))
    assert set(session().scalars(select(Pickup.outcome))) == {
        None,
        "recalled",
        "won",
        "lost",
        "given_back",
    }
    assert {"won", "lost", "waiting", "proposal"} <= set(session().scalars(select(Feedback.status)))

    # nothing is left for sweeps and reactions, and nothing lies ahead of the end
    assert not due_rounds(AT.replace(minute=0))
    assert not changed_debts(AT.replace(minute=0))
    assert not session().scalar(select(Delivery.id).where(Delivery.done_at.is_(None)).limit(1))
    assert session().scalar(select(func.max(Feedback.at))) <= AT  # type: ignore[operator]
    earliest = session().scalar(select(func.min(Lead.captured_at)))
    assert earliest is not None
    assert AT - earliest > timedelta(days=180)

    # only the last day's mails still go out
    mails = session().execute(
        select(OutgoingEmail.status, OutgoingEmail.created_at, OutgoingEmail.sent_at)
    )
    for status, created_at, sent_at in mails:
        past = created_at < AT.replace(minute=0) - timedelta(days=1)
        assert status == ("sent" if past else "queued")
        assert sent_at == (created_at if past else None)

    # what is offered is complete and gives nobody away
    for lead in session().scalars(select(Lead).where(Lead.round > 0)):
        assert missing_for(lead, "offer") == {}
        contact = factories.contact_of(lead.id)
        assert contact.phone_e164
        facts = facts_of(contact, lead.country, lead.city or "")
        for text in (lead.title, lead.partner_text, lead.expectation, lead.time_frame or ""):
            assert find_leaks(text, facts) == []

    # firms share, stand in for each other and take notes
    shares = set(session().scalars(select(Partner.shares)))
    assert shares == {"nothing", "figures", "deals"}
    hidden = select(func.count()).select_from(Pickup).where(Pickup.hidden_from_distributor)
    assert session().scalar(hidden) == 1
    stand_ins = select(func.count()).select_from(Absence).where(Absence.delegate_id.is_not(None))
    assert session().scalar(stand_ins) == 2
    written = session().scalars(select(EventRow.data).where(EventRow.name == "NoteWritten")).all()
    assert {row["shared"] for row in written} == {True, False}

    # the vendor sells some itself; a mistake, a dead lead that is back in view, files, support
    names = Counter(session().scalars(select(EventRow.name)))
    states = Counter(session().scalars(select(Lead.state)))
    assert states[LeadState.DIRECT] >= 1
    assert names["LeadCancelled"] >= 1
    back = session().scalars(select(ArchivedLead.returns_on)).all()
    assert any(day is not None and day <= AT.date() for day in back)
    assert names["AttachmentKept"] >= 3
    support = session().get_one(CustomerPolicy, 1).support_id
    assert support is not None

    # some was chosen by hand: to whom a lead is offered, and on; who knew a customer; a dry run
    chosen = session().scalars(select(OfferRound).where(OfferRound.offered_by_id.is_not(None)))
    assert sorted(one.mode for one in chosen) == ["direct", "direct", "serial"]
    assert session().scalar(select(func.count(Offer.id)).where(Offer.user_id.is_not(None))) == 1
    passed_on = session().scalar(
        select(func.count(Offer.id)).where(Offer.via_organisation_id.is_not(None))
    )
    assert passed_on == 2
    assert (names["KnowledgeClaimed"], names["KnowledgeDecided"]) == (2, 1)
    assert (names["DryRunEnded"], names["OfferRehearsed"] > 0) == (1, True)

    # what the nights count stands there at once, a draft was replayed, a group fills itself
    assert list_months()
    assert session().scalar(select(func.count()).select_from(WeightSuggestion))
    assert session().scalars(select(Replay.made_at)).one() is not None
    members = {group.name: number for group, number in list_groups()}
    assert min(members["Wi-Fi experts"], members["At home in French"]) >= 3
    complete = read_completeness(list(session().scalars(select(Partner.organisation_id))), AT)
    assert 0 < sum(not one.missing for one in complete.values()) < len(complete)

    programme = session().get_one(Programme, 1)
    assert programme.state == "demo"
    assert programme.founded_at == AT.replace(minute=0) - story.YEAR


def test_no_text_gives_a_contact_away() -> None:
    composer = Composer(AT)
    for deal in list(story.deals(AT, 1, story.FULL, composer))[::4]:
        inquiry, contact = deal.inquiry, deal.inquiry.contact
        facts = facts_of(contact, inquiry.city.country, inquiry.city.name)
        for text in (inquiry.title, inquiry.text, inquiry.expectation, inquiry.time_frame):
            assert "{" not in text
            assert find_leaks(text, facts) == [], (text, contact)
        assert phone_of(contact.phone, inquiry.city.country), contact.phone


def test_the_texts_of_the_full_demo_differ() -> None:
    found = [deal.inquiry for deal in story.deals(AT, 1, story.FULL, Composer(AT))]
    assert len(found) == story.FULL
    assert len({inquiry.text for inquiry in found}) > 0.95 * story.FULL
    assert len({inquiry.contact.company for inquiry in found}) == story.FULL
    assert len({inquiry.contact.phone for inquiry in found}) == story.FULL
    assert {inquiry.language for inquiry in found} == {"en", "de"}


def test_the_same_seed_tells_the_same_story(committed: Flask) -> None:
    told = []
    for _time in range(2):
        with committed.app_context():
            story.build(AT, seed=3, size=12)
            told.append(digest())
            db.session.rollback()
            db.session.remove()
            forget_book()
    assert told[0] == told[1]
    one, other = (list(story.deals(AT, seed, 12, Composer(AT))) for seed in (3, 4))
    assert one != other


def digest() -> str:
    """Return a fingerprint of what people would see."""
    lines = [
        *session().execute(select(User.email, User.name).order_by(User.email)),
        *session().execute(
            select(
                Lead.title, Lead.partner_text, Lead.state, Lead.temperature, Lead.captured_at
            ).order_by(Lead.captured_at, Lead.title)
        ),
        *session().execute(
            select(Organisation.name, Pickup.picked_at, Pickup.outcome)
            .join(Organisation, Organisation.id == Pickup.organisation_id)
            .order_by(Pickup.picked_at, Organisation.name)
        ),
        *session().execute(
            select(Feedback.at, Feedback.status, Feedback.note, Feedback.value).order_by(
                Feedback.at, Feedback.note
            )
        ),
        *session().execute(
            select(OfferRound.opened_at, OfferRound.offered, OfferRound.outcome).order_by(
                OfferRound.opened_at, OfferRound.offered
            )
        ),
    ]
    return hashlib.sha256(repr([tuple(line) for line in lines]).encode()).hexdigest()


def test_the_command_leaves_data_alone_that_stand_already(committed: Flask) -> None:
    run = committed.test_cli_runner()
    factories.make_person(email="somebody@firm.example")

    quiet = run.invoke(demo, ["--first-start"])
    assert (quiet.exit_code, quiet.output) == (0, "")
    refused = run.invoke(demo, [])
    assert refused.exit_code == 1
    assert "The demo needs an empty one" in refused.output

    with committed.app_context(), unit_of_work():
        session().get_one(Programme, 1).state = "demo"
    again = run.invoke(demo, [])
    assert (again.exit_code, again.output.strip()) == (0, "The demo stands already.")
    with committed.app_context():
        assert session().scalar(select(func.count()).select_from(Lead)) == 0


def get_person(email: str) -> User:
    """Return a person by address."""
    found = find_user_by_email(email)
    assert found is not None
    return found
