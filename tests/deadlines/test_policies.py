"""Named deadline policies: a type of lead names one, a lead in hand keeps the one it began with."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from io import BytesIO

import pytest
from flask import Flask
from sqlalchemy import select

from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.db import session
from portal.core.errors import Invalid
from portal.core.jobs import run_now
from portal.deadlines import operations
from portal.deadlines.file import FORMAT, Contents, Described
from portal.deadlines.models import DeadlinePolicy
from portal.deadlines.queries import get_newest, get_policy, list_policies
from portal.deadlines.ready_made import REMINDERS
from portal.deadlines.rules import NUMBERS, Terms, terms_of
from portal.doctor import check_policies
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.leads import policies, versions
from portal.leads.activation import activate, look_ahead
from portal.leads.definition import Content
from portal.leads.definition_around import read_around
from portal.leads.definition_rules import check, differences
from portal.leads.models import LeadType
from portal.matching.policy_file import KEPT
from portal.offers.models import OfferRound
from portal.pickup import operations as pickup
from portal.pickup.models import Pickup
from portal.pickup.queries import position_of
from portal.pickup.rules import Colour
from tests.factories import (
    AT,
    csrf_of,
    factory,
    make_manager,
    make_offered_lead,
    make_partner,
    make_person,
    make_programme,
    make_vendor,
    sign_in,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BRISK = Terms(
    name="Brisk",
    feedback_days=2,
    recruit_feedback_days=1,
    amber_hours=6,
    overdue_hours=3,
    firm_red_days=1,
    offer_hours=12,
    stand_by_hours=1,
    draft_days=1,
)


def add(terms=BRISK):
    return operations.add(terms, None, AT)


def name_it(key, type_key="organisation"):
    """Have a type of the active definition name a policy."""
    row = session().scalars(select(LeadType).where(LeadType.key == type_key)).one()
    row.policy_key = key
    session().flush()


def change(key, **numbers):
    """Have a policy say something else, whoever looked at it."""
    return operations.save(key, replace(terms_of(get_newest(key)), **numbers), None, None, AT)


def pick(actor, **over):
    lead = make_offered_lead(**over)
    return session().get_one(Pickup, pickup.claim(lead.id, actor, AT).pickup_id)


@factory
def hold_brisk(user):
    """Have a person hold a lead under the brisk policy, which has changed since."""
    add()
    name_it("brisk")
    lead = make_offered_lead(at=clock.now())
    held = pickup.claim(lead.id, get_actor(user.id), clock.now())
    change("brisk", feedback_days=9, firm_red_days=9)
    return lead, held


def debt(one):
    """Return what the sweep has noted."""
    return session().get_one(Pickup, one.id, populate_existing=True).debt


@pytest.fixture
def alice(ctx: Flask):
    make_programme()
    return get_actor(make_person().id)


# how long after the pickup (with an answer an hour later) which colour and which debt
CASES = [
    ("standard", 4 * DAY, Colour.GREEN, "none"),
    ("standard", 6 * DAY, Colour.AMBER, "soon"),
    ("standard", 7 * DAY + 2 * HOUR, Colour.RED, "due"),
    ("standard", 8 * DAY + 2 * HOUR, Colour.RED, "overdue"),
    ("brisk", DAY, Colour.GREEN, "none"),
    ("brisk", 2 * DAY - 4 * HOUR, Colour.AMBER, "soon"),
    ("brisk", 2 * DAY + 2 * HOUR, Colour.RED, "due"),
    ("brisk", 2 * DAY + 5 * HOUR, Colour.RED, "overdue"),
]


def test_gate_and_marks_follow_the_policy_that_the_type_names(alice):
    add()
    name_it("brisk")
    held = {"brisk": pick(alice)}
    bob = get_actor(make_person(make_partner()).id)
    held["standard"] = pick(bob, type="person")
    for actor, one in ((alice, held["brisk"]), (bob, held["standard"])):
        feedback.give(one.id, Answer("waiting"), actor, AT + HOUR)
    for key, after, colour, owed in CASES:
        run_now("pickup.mark_debts", at=AT + after)
        actor = alice if key == "brisk" else bob
        found = (position_of(actor, AT + after).gate.colour, debt(held[key]))
        assert found == (colour, owed), (key, after)


def test_a_firm_is_stopped_as_the_policy_of_the_lead_says(alice):
    firm = make_partner()
    slow, other = (get_actor(make_person(firm).id) for _ in range(2))
    add()
    name_it("brisk")
    due = pick(slow).feedback_due_at
    assert position_of(other, due + DAY).gate.colour == Colour.GREEN
    assert position_of(other, due + DAY + HOUR).gate.colour == Colour.RED


def test_a_lead_in_hand_keeps_the_version_it_began_with_and_new_ones_take_the_newest(alice):
    add()
    name_it("brisk")
    first = pick(alice)
    assert (first.rhythm_days, first.feedback_due_at) == (2, AT + 2 * DAY)
    newer = change("brisk", feedback_days=5, amber_hours=40, overdue_hours=50)
    assert (newer.version, newer.key) == (2, "brisk")
    feedback.give(first.id, Answer("waiting"), alice, AT + HOUR)
    assert first.feedback_due_at == AT + HOUR + 2 * DAY
    assert position_of(alice, AT + DAY).gate.colour == Colour.GREEN
    run_now("pickup.mark_debts", at=AT + HOUR + 2 * DAY + 3 * HOUR)
    assert debt(first) == "overdue"
    second = pick(get_actor(make_person().id))
    assert (second.policy_id, second.rhythm_days) == (newer.id, 5)
    run_now("pickup.mark_debts", at=AT + 5 * DAY + 49 * HOUR)
    assert debt(second) == "due"


def test_the_holder_reads_what_his_own_policy_expects(client):
    alice = make_person()
    lead, _held = hold_brisk(alice)
    page = sign_in(client, alice).get(f"/leads/{lead.id}").text
    assert "Your answer is due 2 days after you pick a lead up" in page
    assert "When one is more than 1 day late" in page


def test_an_offer_lasts_as_the_policy_says_unless_its_rule_says_otherwise(alice):
    add()
    name_it("brisk")
    brisk, plain = make_offered_lead(), make_offered_lead(type="person")
    ends = dict(session().execute(select(OfferRound.lead_id, OfferRound.ends_at)).all())
    assert ends == {brisk.id: AT + 12 * HOUR, plain.id: AT + 72 * HOUR}


def test_one_is_the_standard_it_stays_and_another_can_be_chosen(ctx: Flask):
    make_programme()
    add()
    with pytest.raises(operations.StandardStays):
        policies.set_active("standard", False, None, AT)
    operations.make_standard("brisk", None, AT)
    assert get_policy().key == "brisk"
    change("brisk", feedback_days=3)
    assert (get_policy().key, get_policy().version) == ("brisk", 2)
    policies.set_active("standard", False, None, AT)
    assert [one.key for one in list_policies() if one.in_use] == ["brisk"]
    with pytest.raises(Invalid):
        operations.make_standard("standard", None, AT)


def test_a_policy_that_a_type_names_stays_and_the_doctor_finds_what_is_gone(alice):
    add()
    name_it("brisk")
    with pytest.raises(policies.PolicyNamed) as refused:
        policies.set_active("brisk", False, None, AT)
    assert "Company" in refused.value.message
    assert check_policies(AT).state == "ok"
    # as after a backup was brought back
    operations.set_active("brisk", False, None, AT)
    assert (check_policies(AT).state, "brisk" in check_policies(AT).found) == ("warn", True)
    assert pick(alice).rhythm_days == 7


def test_what_a_policy_may_say_is_refused_by_field(ctx: Flask):
    make_programme()
    for name, known in NUMBERS.items():
        for wrong in (known[0] - 1, known[-1] + 1):
            with pytest.raises(Invalid) as refused:
                add(replace(BRISK, **{name: wrong}))
            assert list(refused.value.errors) == [name]
    for name in ("", "standard", "x" * 81):
        with pytest.raises(Invalid) as refused:
            add(replace(BRISK, name=name))
        assert list(refused.value.errors) == ["name"]
    # a customer is told by when, so there has to be such a moment
    for switch in ("customer_told", "customer_asked"):
        with pytest.raises(Invalid) as refused:
            add(replace(BRISK, **{switch: True}))
        assert list(refused.value.errors) == [switch]


# -- the lead definition ------------------------------------------------------------------------


def with_policy(content: Content, policy):
    """Have the first type name a policy."""
    first, *others = content.types
    return replace(content, types=(replace(first, policy=policy), *others))


def test_a_version_names_a_policy_in_use_and_says_so_in_words(ctx: Flask):
    manager = get_actor(make_manager().id)
    active = versions.content_of(versions.find_active())
    wanted = with_policy(active, "brisk")
    (finding,) = check(wanted, read_around())
    assert finding.said.endswith("there is no deadline policy “brisk” in use.")
    add()
    assert check(wanted, read_around()) == []
    (told,) = differences(active, wanted, read_around())
    assert told.details == ("Deadline policy: – → Brisk",)
    draft = versions.begin_draft(manager, AT, content=wanted)
    assert look_ahead(draft).findings == []
    activate(draft.id, draft.version, {}, manager, AT)
    assert versions.content_of(versions.find_active()) == wanted
    assert policies.types_by_policy() == {"brisk": [wanted.types[0].names["en"]]}


def test_a_draft_chooses_among_the_policies_in_use(client):
    sign_in(client, make_manager())
    factory(add)()
    token = csrf_of(client.get("/definition").text)
    client.post("/definition", data={"csrf_token": token})
    page = client.get(f"/definition/{factory(versions.find_draft)().id}/types/organisation").text
    choice = page.partition('name="policy"')[2].partition("</select>")[0]
    assert re.findall(r'value="(\w*)"', choice) == ["", "standard", "brisk"]
    assert "the standard: Standard" in choice


# -- files --------------------------------------------------------------------------------------


def test_a_file_brought_in_anywhere_gives_the_same_file(alice):
    add()
    operations.make_standard("brisk", None, AT)
    change("brisk", offer_hours=30)
    file = KEPT.write()
    described = KEPT.read(file.encode())
    assert KEPT.compare(described) == []
    assert KEPT.bring_in(described, None, AT) == []
    session().query(DeadlinePolicy).filter_by(key="brisk").delete()
    get_newest("standard").standard = True
    session().flush()
    assert [(c.kind, c.place) for c in KEPT.bring_in(described, None, AT)] == [
        ("added", "brisk"),
        ("changed", "standard"),
    ]
    assert KEPT.write() == file


def test_a_file_changes_names_crosswise_and_retires_what_it_leaves_out(alice):
    add()
    add(replace(BRISK, name="Calm"))
    described = Contents(
        [
            Described("standard", Terms(name="Brisk", steps=REMINDERS), False),
            Described("brisk", replace(BRISK, name="Standard"), True),
        ],
        None,
    )
    assert [(c.kind, c.place, c.parts) for c in KEPT.bring_in(described, None, AT)] == [
        ("changed", "standard", ("name", "standard")),
        ("changed", "brisk", ("name", "standard")),
        ("retired", "calm", ()),
    ]
    assert [(p.key, p.name, p.in_use) for p in list_policies()] == [
        ("brisk", "Standard", True),
        ("standard", "Brisk", True),
        ("calm", "Calm", False),
    ]


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ("format: something else", "file"),
        ("policies: []", "file"),
        ("policies: [{key: a, name: A, standard: true, offer_hours: soon}]", "policies[1]"),
        ("policies: [{key: A b, name: A, standard: true}]", "policies[1]"),
        ("policies: [{key: a, name: A, standard: true, days: 3}]", "policies[1]"),
        ("policies: [{key: a, name: A}, {key: a, name: B}]", "a"),
        ("policies: [{key: a, name: A, standard: true, offer_hours: 0}]", "a: offer_hours"),
        ("policies: [{key: a, name: A, standard: true}]", "brisk"),
    ],
)
def test_what_a_file_can_t_say_is_refused_whole(alice, said, place):
    add()
    name_it("brisk")
    file = said if "format" in said else f"format: {FORMAT}\n{said}\n"
    with pytest.raises(Invalid) as refused:
        KEPT.bring_in(KEPT.read(file.encode()), None, AT)
    assert place in refused.value.errors
    assert {one.key for one in list_policies()} == {"standard", "brisk"}


# -- pages --------------------------------------------------------------------------------------


@factory
def state_of(key):
    found = get_newest(key)
    return found.version, terms_of(found)


def typed(client, address, **over):
    """Return what a browser would send of a page's form, some of it typed anew."""
    return {**sent_by(client.get(address).text), **over}


def sent_by(page):
    """Return what a browser would send of the form of a policy."""
    form = page.partition('id="policy-form"')[2].partition("</form>")[0]
    sent = {}
    for tag in re.findall("<input[^>]*>", form):
        said = dict(re.findall(r'([\w-]+)(?:="([^"]*)")?', tag))
        if said["type"] not in ("checkbox", "radio") or "checked" in said:
            sent.setdefault(said["name"], []).append(said.get("value", ""))
    for name, options in re.findall(r'<select[^>]*name="([\w-]+)"[^>]*>(.*?)</select>', form, re.S):
        sent[name] = next(iter(re.findall(r'selected value="(.*?)"', options)), "")
    return sent


def test_a_channel_manager_adds_changes_and_retires_policies(client):
    sign_in(client, make_manager())
    new = "/deadlines/new-one"
    refused = client.post(new, data=typed(client, new, name="Brisk", feedback_days="0"))
    assert (refused.status_code, 'value="Brisk"' in refused.text) == (422, True)
    assert "A number from 1 to 365 fits here." in refused.text
    assert client.post(new, data=typed(client, new, name="Brisk")).status_code == 303
    page = client.get("/deadlines")
    assert "Your answer is due 7 days after you pick a lead up" in page.text
    mine = typed(client, "/deadlines/brisk", name="Brisk", feedback_days="3")
    client.post("/deadlines/brisk", data=mine)
    assert "Days until an answer is due: 7 → 3" in client.get("/deadlines/brisk").text
    press = {"csrf_token": mine["csrf_token"][0], "active": "0"}
    client.post("/deadlines/standard/use", data=press)
    assert "choose another one for that first" in client.get("/deadlines").text
    client.post("/deadlines/brisk/use", data=press)
    assert "Use again" in client.get("/deadlines").text
    assert client.get("/deadlines/no_such").status_code == 404


def test_two_managers_change_one_policy_and_nothing_is_lost(app: Flask):
    one, two = (sign_in(app.test_client(), make_manager()) for _ in range(2))
    page = "/deadlines/standard"
    mine, theirs = typed(one, page, offer_hours="48"), typed(two, page, overdue_hours="9")
    assert two.post(page, data=theirs).status_code == 303
    conflict = one.post(page, data=mine)
    assert conflict.status_code == 409
    assert "Somebody else has changed this" in conflict.text
    assert "Hours that an offer lasts: 72 → 48" in conflict.text
    assert "Hours late that count as overdue: 9 → 24" in conflict.text
    assert 'value="48"' in conflict.text
    assert one.post(page, data={**mine, "version": "2"}).status_code == 303
    version, terms = state_of("standard")
    assert (version, terms.offer_hours, terms.overdue_hours) == (3, 48, 24)


def test_a_file_is_compared_and_taken_on_the_page(client):
    sign_in(client, make_manager())
    token = csrf_of(client.get("/deadlines").text)
    file = client.get("/deadlines/as-file").data.replace(b"offer_hours: 72", b"offer_hours: 36")

    def send(data, **more):
        sent = {"csrf_token": token, "file": (BytesIO(data), "policies.yaml"), **more}
        return client.post("/deadlines/as-file", data=sent)

    assert "offer_hours" in send(file, then="compare").text
    assert state_of("standard")[0] == 1
    assert send(file).status_code == 303
    assert state_of("standard")[1].offer_hours == 36
    assert send(b"format: nothing").status_code == 422


@pytest.mark.parametrize("role", ["admin", "account_manager", "qualifier", "partner_manager"])
def test_nobody_else_opens_or_changes_them(client, role):
    firm = make_partner() if role.startswith("partner") else make_vendor()
    sign_in(client, make_person(firm, role))
    token = csrf_of(client.get("/").text)
    assert client.get("/deadlines").status_code == 403
    answer = client.post("/deadlines/standard/standard", data={"csrf_token": token})
    assert answer.status_code == 403
