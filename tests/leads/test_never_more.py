"""No sequence of role, tree and share changes lets anybody see more than the table says.

Steps are drawn at random; how people stand to a lead is worked out here anew, from the bare rows,
and asked of the table alone. What the house shows of the lead, of the person behind it and of the
notes may be less, never more.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import Phase as Step
from hypothesis import strategies as st
from sqlalchemy import text

from portal.accounts import administration, tree
from portal.accounts import operations as accounts
from portal.accounts.models import Organisation, OrganisationKind, User
from portal.accounts.queries import find_actor_of
from portal.core import clock
from portal.core.db import db, session
from portal.core.errors import DomainError, NotFound
from portal.desk.resellers import read_resellers
from portal.feedback import actions
from portal.feedback import operations as feedback
from portal.feedback.action_rules import Action
from portal.feedback.rules import Answer
from portal.leads import contacts, notes, team
from portal.leads.models import Lead, LeadState
from portal.leads.queries import find_visible
from portal.leads.sight import sight_of
from portal.leads.visibility import TABLE, Cell, Field, Phase, Tier
from portal.offers import operations as offers
from portal.partners import operations as partners
from portal.pickup import operations as pickup
from portal.pickup import reassign
from tests.factories import make_offered_lead, make_partner, make_person, make_vendor

HOUR = timedelta(hours=1)
PEOPLE = (
    *("rep", "colleague", "manager", "rival", "rivals_manager", "distributor"),
    *("channel", "account_manager", "other_account_manager", "leader", "operations", "admin"),
)
VENDOR = PEOPLE[6:]
FIRMS = ("alpha", "beta", "delta")
LEADS = ("one", "two")
PICKER = {"distributor": "distributor_sales", "reseller": "partner_rep"}
MANAGER = {"distributor": "distributor_manager", "reseller": "partner_manager"}


class Programme:
    """A small programme by name; everything is asked of the database anew each time."""

    def __init__(self):
        at = clock.now() - timedelta(days=3)
        vendor = make_vendor()
        delta = make_partner("Delta", kind=OrganisationKind.DISTRIBUTOR)
        alpha, beta = make_partner("Alpha", parent=delta), make_partner("Beta")
        firms = {"alpha": alpha, "beta": beta, "delta": delta}
        roles = {
            "rep": (alpha, "partner_rep"),
            "colleague": (alpha, "partner_rep"),
            "manager": (alpha, "partner_manager"),
            "rival": (beta, "partner_rep"),
            "rivals_manager": (beta, "partner_manager"),
            "distributor": (delta, "distributor_manager"),
            "channel": (vendor, "channel_manager"),
            "account_manager": (vendor, "account_manager"),
            "other_account_manager": (vendor, "account_manager"),
            "leader": (vendor, "sales_manager"),
            "operations": (vendor, "operations"),
            "admin": (vendor, "admin"),
        }
        people = {name: make_person(firm, role) for name, (firm, role) in roles.items()}
        leads = {name: make_offered_lead(at=at) for name in LEADS}
        session().flush()
        self.people = {name: person.id for name, person in people.items()}
        self.firms = {name: firm.id for name, firm in firms.items()}
        self.leads = {name: lead.id for name, lead in leads.items()}

    def user(self, name):
        return session().get_one(User, self.people[name])

    def firm(self, name):
        return session().get_one(Organisation, self.firms[name])

    def vendor(self):
        return session().get_one(Organisation, self.user("channel").organisation_id)

    def lead(self, name):
        return session().get_one(Lead, self.leads[name], populate_existing=True)

    def actor(self, name):
        found = find_actor_of(self.people[name])
        if found is None:
            raise NotFound()
        return found

    def pickup_of(self, lead):
        held = text("SELECT id FROM pickups WHERE lead_id = :id AND ended_at IS NULL")
        found = session().scalar(held, {"id": self.leads[lead]})
        if found is None:
            raise NotFound()
        return found


# -- what may happen --------------------------------------------------------------------------


def pick(house, who, other, lead, firm, at):
    pickup.claim(house.leads[lead], house.actor(who), at)


def give_back(house, who, other, lead, firm, at):
    pickup.give_back(house.pickup_of(lead), "other", None, house.actor(who), at)


def hand_on(house, who, other, lead, firm, at):
    reassign.reassign(house.pickup_of(lead), house.people[other], house.actor(who), at)


def win(house, who, other, lead, firm, at):
    feedback.give(house.pickup_of(lead), Answer("won", value=1000), house.actor(who), at)


def sell_it_ourselves(house, who, other, lead, firm, at):
    if house.lead(lead).state == LeadState.OFFERED:
        offers.withdraw(house.leads[lead], at)
    actions.begin(house.leads[lead], house.actor("channel"), at)


def put_back(house, who, other, lead, firm, at):
    actions.put_back(house.leads[lead], house.actor("channel"), at)


def cancel(house, who, other, lead, firm, at):
    mistake = Answer("cancelled", reason="by_mistake")
    actions.finish(Action.CANCEL, house.leads[lead], mistake, house.actor("channel"), at)


def make_manager(house, who, other, lead, firm, at):
    user = house.user(who)
    kind = user.organisation.kind
    administration.set_roles(user, [MANAGER.get(kind, user.roles[0])], at, 0)


def make_rep(house, who, other, lead, firm, at):
    user = house.user(who)
    kind = user.organisation.kind
    administration.set_roles(user, [PICKER.get(kind, user.roles[0])], at, 0)


def swap_roles(house, who, other, lead, firm, at):
    one, two = house.user(who), house.user(other)
    if one.organisation.kind == two.organisation.kind:
        mine, theirs = list(one.roles), list(two.roles)
        administration.set_roles(one, theirs, at, 0)
        administration.set_roles(two, mine, at, 0)


def move(house, who, other, lead, firm, at):
    if who not in VENDOR:
        to = house.firm(firm)
        administration.move(house.user(who), to, [PICKER[to.kind]], at, 0)


def deactivate(house, who, other, lead, firm, at):
    accounts.deactivate(house.user(who), at)


def reactivate(house, who, other, lead, firm, at):
    accounts.reactivate(house.user(who), at)


def put_in_charge(house, who, other, lead, firm, at):
    tree.set_account_manager(house.firm(firm), house.people[who], at)


def report_to(house, who, other, lead, firm, at):
    tree.set_manager(house.user(who), house.people[other], at)


def own_the_lead(house, who, other, lead, firm, at):
    team.set_owner(house.leads[lead], house.people[who], house.actor("channel"), at)


def join_the_team(house, who, other, lead, firm, at):
    team.add_member(house.leads[lead], house.people[who], house.actor("channel"), at)


def leave_the_team(house, who, other, lead, firm, at):
    team.remove_member(house.leads[lead], house.people[who], house.actor("channel"), at)


def keep_a_note(house, who, other, lead, firm, at):
    notes.write_note(house.lead(lead), f"of {who}", False, house.actor(who), at)


def share_a_note(house, who, other, lead, firm, at):
    notes.write_note(house.lead(lead), f"of {who}", True, house.actor(who), at)


def share(house, who, other, lead, firm, at):
    shares = {"one": "deals", "two": "figures"}[lead] if who != other else "nothing"
    partners.set_shares(house.firms[firm], shares, at)


def hide(house, who, other, lead, firm, at):
    pickup.hide(house.pickup_of(lead), firm != "beta", house.actor(who), at)


def move_firm(house, who, other, lead, firm, at):
    parent = house.firm("delta") if who != other else house.vendor()
    tree.move_organisation(house.firm(firm), parent, at)


DEEDS = (
    *(pick, give_back, hand_on, win, make_manager, make_rep, swap_roles, move),
    *(deactivate, reactivate, put_in_charge, report_to, own_the_lead, join_the_team),
    *(leave_the_team, keep_a_note, share_a_note, share, hide, move_firm),
    *(sell_it_ourselves, put_back, cancel),
)


# -- what the table allows, worked out anew ---------------------------------------------------

STEPS_BACK = "SELECT id, manager_id FROM users"
WHO = (
    "SELECT u.roles, u.organisation_id, u.active AND o.active AS here, o.kind FROM users u "
    "JOIN organisations o ON o.id = u.organisation_id WHERE u.id = :id"
)
LEAD = "SELECT state, round, owner_id, holder_id, holder_organisation_id FROM leads WHERE id = :id"
MEMBER = "SELECT count(*) FROM lead_team WHERE lead_id = :lead AND user_id = :id"
OFFERED = (
    "SELECT g.account_manager_id FROM offers o JOIN organisations g ON g.id = o.organisation_id "
    "WHERE o.lead_id = :lead AND o.round = :round AND o.open AND o.declined_at IS NULL"
)
IN_CHARGE = "SELECT account_manager_id FROM organisations WHERE id = :id"


def rows(statement, **values):
    return session().execute(text(statement), values).all()


def below(person, roles):
    """Return a person and, where she leads a team, all who report to her."""
    found = {person}
    if "sales_manager" in roles or "regional_manager" in roles:
        reports = rows(STEPS_BACK)
        while more := {one for one, to in reports if to in found} - found:
            found |= more
    return found


def stands(person, lead_id):
    """Return how a person stands to a lead, from the bare rows."""
    (who,), (lead,) = rows(WHO, id=person), rows(LEAD, id=lead_id)
    if not who.here:
        return set()
    roles = set(who.roles)
    if who.kind != "vendor":
        if lead.holder_organisation_id != who.organisation_id:
            return set()
        if lead.holder_id == person:
            return {Tier.HOLDER}
        return {Tier.FIRM_MANAGER} if roles & set(MANAGER.values()) else set()
    # who sells a lead himself holds it
    tiers = {Tier.HOLDER} if lead.state == "direct" and lead.owner_id == person else set()
    if "admin" in roles:
        tiers.add(Tier.ADMIN)
    if "channel_manager" in roles:
        tiers |= {Tier.CHANNEL_MANAGER, Tier.QUALIFIER}
    team_of_it = rows(MEMBER, lead=lead_id, id=person)[0][0]
    if team_of_it or roles & {"account_manager", "regional_manager", "sales_manager"}:
        hers = below(person, roles)
        through = {lead.owner_id}
        through |= {row[0] for row in rows(IN_CHARGE, id=lead.holder_organisation_id)}
        if lead.state == LeadState.OFFERED:
            through |= {row[0] for row in rows(OFFERED, lead=lead_id, round=lead.round)}
        if team_of_it or hers & through:
            tiers.add(Tier.OWNER)
    return tiers


def allowed(person, lead_id):
    """Return the fields that the table lets a person see, and those as far as they are shared."""
    (lead,) = rows(LEAD, id=lead_id)
    phase = {
        "offered": Phase.OFFERED,
        "held": Phase.HELD,
        "direct": Phase.HELD,
        "closed": Phase.CLOSED,
    }.get(lead.state, Phase.BEFORE)
    whole, shared = set(), set()
    for tier in stands(person, lead_id):
        for field in Field:
            cell = TABLE.get((field, tier, phase), Cell.NEVER)
            if cell in (Cell.ON, Cell.ALWAYS):
                whole.add(field)
            elif cell == Cell.SHARED:
                shared.add(field)
    return whole, shared | whole


def complaints(house, at):
    """Yield what somebody sees although the table does not say so."""
    for name, person in house.people.items():
        actor = find_actor_of(person)
        for which, lead_id in house.leads.items():
            lead, (whole, shared) = house.lead(which), allowed(person, lead_id)
            if actor is None:
                assert not whole
                continue
            sight = sight_of(lead, actor)
            if not sight.fields <= whole or not sight.shared <= shared:
                yield f"{name} sees of {which} {(sight.fields | sight.shared) - shared}"
            if find_visible(lead_id, actor) is not None and Field.TEASER not in shared:
                yield f"{name} sees that there is {which}"
            try:
                contacts.load_contact(lead, actor, at, together=True)
            except NotFound:
                pass
            else:
                if Field.CONTACT not in whole:
                    yield f"{name} sees whom to call of {which}"
            for note in notes.load_notes(lead, actor):
                own = note.organisation_id == actor.organisation_id
                if not own and (note.shared_at is None or Field.NOTES not in shared):
                    yield f"{name} reads a note of another firm about {which}"


SHARES = (
    "SELECT p.shares, o.parent_id FROM partners p JOIN organisations o ON o.id = p.organisation_id "
    "WHERE o.id = :id"
)
OPEN_DEAL = (
    "SELECT p.hidden_from_distributor FROM pickups p JOIN leads l ON l.id = p.lead_id "
    "WHERE l.number = :number AND p.organisation_id = :firm AND p.ended_at IS NULL"
)


def seen_below(house, at):
    """Yield what a distributor sees of a firm although it does not share it."""
    actor = find_actor_of(house.people["distributor"])
    if actor is None or actor.organisation_kind != OrganisationKind.DISTRIBUTOR:
        return
    for firm in read_resellers(actor, at):
        ((shares, parent),) = rows(SHARES, id=firm.id)
        if parent != actor.organisation_id:
            yield f"the distributor sees {firm.name}, which is not below it"
        if firm.figures is not None and shares == "nothing":
            yield f"the distributor sees figures of {firm.name}"
        for deal in firm.deals:
            open_ones = rows(OPEN_DEAL, number=deal.number, firm=firm.id)
            if shares != "deals" or [row[0] for row in open_ones] != [False]:
                yield f"the distributor sees {deal.number} of {firm.name}"


STEP = st.tuples(
    st.sampled_from(DEEDS),
    st.sampled_from(PEOPLE),
    st.sampled_from(PEOPLE),
    st.sampled_from(LEADS),
    st.sampled_from(FIRMS),
)
PICKS = st.tuples(
    st.just(pick),
    st.sampled_from(("rep", "colleague", "rival")),
    st.just("rep"),
    st.sampled_from(LEADS),
    st.just("alpha"),
)


@pytest.fixture
def house(ctx):
    made = Programme()
    # what an example does is taken back; what it starts from stays
    db.session.commit()
    return made


@settings(
    max_examples=20,
    # the others trace every line, which takes ten times as long
    phases=(Step.generate, Step.shrink),
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(first=PICKS, steps=st.lists(STEP, min_size=4, max_size=14))
def test_whatever_happens_nobody_sees_more_than_the_table_says(house, first, steps):
    before = db.engines[None].begin_nested()
    at, done = clock.now() - timedelta(days=1), []
    try:
        for deed, who, other, lead, firm in (first, *steps):
            at += HOUR
            try:
                with session().begin_nested():
                    deed(house, who, other, lead, firm, at)
            except DomainError:
                continue
            session().flush()
            done.append(f"{deed.__name__}({who}, {other}, {lead}, {firm})")
        # together: what is only refused in between shows at the end as well
        wrong = [*complaints(house, at), *seen_below(house, at)]
        assert not wrong, "\n".join([*done, *wrong])
    finally:
        db.session.remove()
        before.rollback()
