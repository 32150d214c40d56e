"""Which deadline policy is used where: in order, by lead and firm; running clocks keep theirs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest
from flask import Flask
from sqlalchemy import select

from portal.accounts.queries import get_actor
from portal.catalog.queries import book
from portal.core import clock
from portal.core.db import session
from portal.core.errors import Conflict, Invalid
from portal.deadlines import operations
from portal.deadlines.file import FORMAT
from portal.deadlines.models import Clock, DeadlinePolicy
from portal.deadlines.queries import get_newest, list_uses
from portal.deadlines.ready_made import FULL, LADDER, STANDARD
from portal.deadlines.rules import Case, Terms, terms_of
from portal.deadlines.steps import Step
from portal.deadlines.telling import expectations
from portal.doctor import check_policies
from portal.founding import write_policies
from portal.leads import policies
from portal.leads.models import LeadType
from portal.matching import policy_uses
from portal.matching.policy_file import KEPT
from portal.matching.policy_uses import UseDraft, add_use, find_ruling, list_holding
from portal.offers.models import OfferRound
from portal.offers.operations import LAST_OFFER, asked_of
from portal.partners.models import Partner, PartnerGroup, PartnerGroupMember
from portal.pickup import operations as pickup
from portal.pickup.models import Pickup
from tests.deadlines.test_policies import sent_by
from tests.factories import (
    AT,
    csrf_of,
    factory,
    make_manager,
    make_offered_lead,
    make_partner,
    make_person,
    make_programme,
    make_unit,
    make_vendor,
    sign_in,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def add(name, **terms):
    """Add a policy and return its key."""
    return operations.add(Terms(name=name, **terms), None, AT).key


def use(key, **asked):
    return add_use(UseDraft(policy_key=key, **asked), None, AT)


def put_in_group(firm, name="Chosen"):
    group = PartnerGroup(name=name, created_at=AT)
    session().add(group)
    session().flush()
    session().add(PartnerGroupMember(group_id=group.id, organisation_id=firm.id))
    session().flush()
    return group.id


@pytest.fixture
def chosen(ctx: Flask):
    """A firm of the first level in a group, another one without either, and a policy for each."""
    make_programme()
    levels = [one.id for one in book().by_kind["partner_level"]]
    firm, other = make_partner(), make_partner()
    session().get_one(Partner, firm.id).level_id = levels[0]
    session().get_one(Partner, other.id).level_id = None
    session().flush()
    group_id = put_in_group(firm)
    for name in ("Hot", "Gold", "Group", "People"):
        add(name)
    session().scalars(select(LeadType).where(LeadType.key == "person")).one().policy_key = "people"
    use("hot", temperature="hot", type_key="organisation")
    use("gold", level_id=levels[0], temperature="warm")
    use("group", group_id=group_id)
    return firm, other, levels[0], group_id


def test_statement_and_rule_find_the_same_policy_for_every_lead_and_firm(chosen):
    firm, other, level_id, group_id = chosen
    expected = {
        ("organisation", "hot"): ("hot", "hot", "hot"),
        ("organisation", "warm"): ("gold", "standard", "standard"),
        ("organisation", "cold"): ("group", "standard", "standard"),
        ("person", "hot"): ("group", "people", "people"),
        ("person", "warm"): ("gold", "people", "people"),
        ("person", "cold"): ("group", "people", "people"),
    }
    actors = [get_actor(make_person(one).id) for one in (firm, other)]
    for (type_key, temperature), keys in expected.items():
        lead = make_offered_lead(type=type_key, temperature=temperature)
        asked = [
            session().execute(LAST_OFFER, asked_of(lead.id, actor)).one().policy_id
            for actor in actors
        ]
        found = [session().get_one(DeadlinePolicy, one).key for one in asked]
        case = Case(type_key=type_key, temperature=temperature)
        of_firm = replace(case, groups=frozenset({group_id}), level_id=level_id)
        by_rule = [find_ruling(one).policy.key for one in (of_firm, case)]
        assert (*found, policies.policy_of(lead).key) == keys, (type_key, temperature)
        assert (*by_rule, keys[2]) == keys, (type_key, temperature)


def test_a_firm_reads_each_policy_that_concerns_it_with_its_leads(chosen):
    firm, other, *_ids = chosen
    told = {one.policy.key: one.leads for one in list_holding(firm.id)}
    assert told["gold"] == ("Warm",)
    assert told["hot"] == ("Company (Hot)",)
    assert set(told) == {"hot", "gold", "group"}
    assert {one.policy.key for one in list_holding(other.id)} == {"hot", "standard", "people"}


def test_an_offer_lasts_by_what_needs_no_firm_and_the_pickup_goes_by_the_firm(chosen):
    firm, *_others = chosen
    for key, hours in (("group", 5), ("hot", 9)):
        operations.save(key, replace(terms_of(get_newest(key)), offer_hours=hours), None, None, AT)
    hot, cold = (make_offered_lead(temperature=one) for one in ("hot", "cold"))
    ends = dict(session().execute(select(OfferRound.lead_id, OfferRound.ends_at)).all())
    assert ends == {hot.id: AT + 9 * HOUR, cold.id: AT + 72 * HOUR}
    actor = get_actor(make_person(firm).id)
    held = session().get_one(Pickup, pickup.claim(cold.id, actor, AT).pickup_id)
    assert session().get_one(DeadlinePolicy, held.policy_id).key == "group"


def test_policies_and_uses_change_while_clocks_run_and_these_keep_theirs(chosen):
    firm, *_others = chosen
    actor = get_actor(make_person(firm).id)
    lead = make_offered_lead(temperature="cold")
    held = session().get_one(Pickup, pickup.claim(lead.id, actor, AT).pickup_id)
    before = (held.policy_id, held.feedback_due_at)
    terms = terms_of(get_newest("group"))
    operations.save("group", replace(terms, feedback_days=1, steps=LADDER[4:5]), None, None, AT)
    for one in list_uses():
        policy_uses.remove_use(one.id, None, AT)
    policies.set_active("group", False, None, AT)
    session().expire_all()
    assert (held.policy_id, held.feedback_due_at) == before
    running = session().scalars(select(Clock).where(Clock.pickup_id == held.id)).all()
    assert {one.policy_id for one in running} == {held.policy_id}
    assert held.feedback_due_at == AT + 7 * DAY
    second = make_offered_lead(temperature="cold")
    late = session().get_one(
        Pickup, pickup.claim(second.id, get_actor(make_person(firm).id), AT).pickup_id
    )
    assert session().get_one(DeadlinePolicy, late.policy_id).key == "standard"


def test_a_policy_that_a_use_names_stays_and_one_gone_is_passed_over_and_found(chosen):
    with pytest.raises(policies.PolicyNamed):
        policies.set_active("hot", False, None, AT)
    # as after a backup was brought back
    operations.set_active("hot", False, None, AT)
    assert "hot" in check_policies(AT).found
    lead = make_offered_lead(temperature="hot")
    assert policies.policy_of(lead).key == "standard"
    assert find_ruling(Case(type_key="organisation", temperature="hot")).policy.key == "standard"


def test_a_line_is_refused_where_it_says_nothing_new_and_two_who_change_it_know(chosen):
    with pytest.raises(Invalid):
        use("gold", temperature="hot", type_key="organisation")
    for wrong in ({"type_key": "nothing"}, {"group_id": 0}, {"temperature": "mild"}):
        with pytest.raises(Invalid) as refused:
            use("gold", **wrong)
        assert list(refused.value.errors) == list(wrong)
    first, *_others, last = list_uses()
    wide = use("standard", temperature="cold")
    behind = use("hot", temperature="cold", type_key="person")
    assert {n: one.id for n, one in policy_uses.never_tried(list_uses()).items()} == {
        behind.id: wide.id
    }
    policy_uses.move_use(last.id, -1, None, AT)
    assert [one.id for one in list_uses()][1] == last.id
    changed = UseDraft(policy_key="gold", temperature="hot", type_key="organisation")
    policy_uses.save_use(first.id, changed, 1, None, AT)
    with pytest.raises(Conflict):
        policy_uses.save_use(first.id, replace(changed, policy_key="hot"), 1, None, AT)


def test_a_file_takes_steps_uses_and_the_overflow_unit_to_another_programme(chosen):
    unit = make_unit(make_vendor(), "Digital Sales")
    terms = replace(
        FULL.terms[STANDARD], chain=("again", "overflow", "nurture"), overflow_unit_id=unit.id
    )
    operations.save("standard", terms, None, None, AT)
    file = KEPT.write()
    for line in ("when: 2d before", "overflow_unit: Digital Sales", "group: Chosen"):
        assert line in file
    operations.save("standard", Terms(name="Standard"), None, None, AT)
    for one in list_uses():
        policy_uses.remove_use(one.id, None, AT)
    (standard, uses) = KEPT.bring_in(KEPT.read(file.encode()), None, AT)
    assert {"steps", "chain", "response_hours"} <= set(standard.parts)
    assert (uses.place, terms_of(get_newest("standard"))) == ("uses", terms)
    assert KEPT.write() == file
    without = file.partition("\nuses:")[0]
    assert KEPT.compare(KEPT.read(without.encode())) == []


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ("steps: [{clock: feedback, when: soon, action: note}]", "policies[1]"),
        ("steps: [{clock: feedback, when: due}]", "policies[1]"),
        ("steps: [{clock: tea, when: due, action: note}]", "standard: steps-0"),
        ("chain: [again, again]", "standard: chain"),
        ("working: [lunch]", "standard: working"),
        ("chain: [overflow]", "standard: overflow_unit_id"),
        ("overflow_unit: Nobody", "standard: overflow_unit"),
        ("gate_scope: [rep]", "policies[1]"),
        ("steps: [{clock: feedback, when: 1d after, action: suspend}]", "standard: steps-0"),
        ("}, {key: b, name: B", "uses[1]"),
    ],
)
def test_what_a_file_can_t_say_of_steps_chains_and_uses_is_refused_whole(ctx, said, place):
    make_programme()
    file = (
        f"format: {FORMAT}\npolicies: [{{key: standard, name: S, standard: true, {said}}}]\n"
        f"uses: [{{policy: gone}}]\n"
    ).replace("true, }", "true}")
    with pytest.raises(Invalid) as refused:
        KEPT.bring_in(KEPT.read(file.encode()), None, AT)
    assert place in refused.value.errors
    assert terms_of(get_newest("standard")).name == "Standard"


def test_the_policies_of_a_new_programme_are_possible(ctx: Flask):
    make_programme()
    for terms in FULL.terms.values():
        assert operations.check(terms, ()) == {}
    session().delete(get_newest("standard"))
    session().flush()
    write_policies(FULL, AT)
    hot, warm = (
        find_ruling(Case(type_key="organisation", temperature=one)).policy
        for one in ("hot", "warm")
    )
    assert (hot.response_hours, warm.response_hours) == (8, 24)
    assert (hot.recruit_feedback_days, warm.recruit_feedback_days) == (2, 2)


# -- pages --------------------------------------------------------------------------------------


@factory
def steps_of_standard():
    return terms_of(get_newest("standard")).steps


def test_a_step_is_told_for_when_it_is_taken(ctx):
    terms = FULL.terms[STANDARD]
    told = [line for chapter in expectations(terms) for line in chapter.said]
    assert "Answer, 42 hours before: we remind you." in told
    loop = expectations(replace(terms, customer_told=True, customer_asked=True))[0].said
    assert [line for line in loop if line not in told] == [
        "We write to the customer who calls and by when: your name, your firm, your number.",
        (
            "Then we ask the customer once whether anybody called. A no is told at once, to you "
            "and to those who answer for you; a yes confirms your contact."
        ),
    ]
    of_recruit = [line for chapter in expectations(terms, 2) for line in chapter.said]
    assert "Answer, 12 hours before: we remind you." in of_recruit


def test_steps_are_added_moved_and_removed_and_what_was_typed_stays(client):
    sign_in(client, make_manager())
    address = "/deadlines/standard"
    before = steps_of_standard()
    sent = sent_by(client.get(address).text)
    sent |= {"name": "Calm", "feedback_days": "soon", "steps-0-number": "many"}
    page = client.post(address, data={**sent, "do": "down-0"}).text
    moved = sent_by(page)
    assert (moved["name"], moved["feedback_days"]) == (["Calm"], ["soon"])
    assert moved["steps-1-number"] == ["many"]
    refused = client.post(address, data=moved)
    assert refused.status_code == 422
    assert 'value="many"' in refused.text
    moved |= {"feedback_days": "7", "steps-1-number": "3", "steps-1-unit": "hours"}
    fragment = client.post(
        address, data={**moved, "do": "add"}, headers={"HX-Request": "true"}
    ).text
    assert "<html" not in fragment
    assert "steps-3-action" in fragment
    late = {"number": "4", "unit": "days", "side": "after", "clock": "feedback", "action": "block"}
    sent = {**moved, **{f"steps-3-{name}": value for name, value in late.items()}}
    sent = sent_by(client.post(address, data={**sent, "do": "remove-2"}).text)
    assert client.post(address, data=sent).status_code == 303
    assert steps_of_standard() == (
        before[1],
        replace(before[0], minutes=-180),
        Step("feedback", 4 * 1440, "block"),
    )
    page = client.get(address).text
    assert "New: Answer, 4 days late: stop the holder from picking" in page
    bad = {**sent_by(page), "steps-0-side": "before", "steps-0-number": "1"}
    bad |= {"steps-0-action": "recall"}
    refused = client.post(address, data=bad)
    assert refused.status_code == 422
    assert "This can only be done after the deadline." in refused.text


@pytest.mark.parametrize("wanted", ["up-99", "down--1", "remove-x", "dance-0", "up-0", "add"])
def test_whatever_is_asked_of_the_lines_of_steps_the_form_stays(client, wanted):
    sign_in(client, make_manager())
    sent = sent_by(client.get("/deadlines/standard").text)
    assert client.post("/deadlines/standard", data={**sent, "do": wanted}).status_code == 200


@pytest.mark.parametrize("number", ["²", "٣", "9" * 5000])
def test_what_only_looks_like_the_number_of_a_line_is_none(client, number):
    sign_in(client, make_manager())
    sent = sent_by(client.get("/deadlines/standard").text)
    sent[f"steps-{number}-number"] = "1"
    assert client.post("/deadlines/standard", data=sent).status_code == 303


def test_a_channel_manager_says_which_policy_where_and_tries_it(client):
    sign_in(client, make_manager())
    factory(add)("Brisk", response_hours=4, working=("response",))
    where = "/deadlines/which-where"
    token = csrf_of(client.get(where).text)
    line = {"csrf_token": token, "temperature": "warm", "policy_key": "brisk"}
    for name in ("type_key", "group_id", "level_id"):
        line[name] = ""
    assert client.post(f"{where}/new", data={**line, "policy_key": "gone"}).status_code == 422
    assert client.post(f"{where}/new", data=line).status_code == 303
    tried = client.get(f"{where}?type_key=organisation&temperature=warm&group_id=&level_id=").text
    assert "line 1 says so" in tried
    assert "First contact within 4 hours of working time" in tried
    assert "it is the standard" in client.get(where).text
    assert "First of all for: Warm" in client.get("/deadlines").text
    use_id = factory(lambda: list_uses()[0].id)()
    changed = {**line, "temperature": "cold", "version": "1"}
    assert client.post(f"{where}/{use_id}", data=changed).status_code == 303
    stale = client.post(f"{where}/{use_id}", data={**changed, "temperature": "hot"})
    assert stale.status_code == 409
    client.post(f"{where}/{use_id}/removal", data={"csrf_token": token})
    assert factory(list_uses)() == []


def test_nobody_but_who_edits_rules_says_which_policy_where(client):
    sign_in(client, make_person(make_partner(), "partner_manager"))
    token = csrf_of(client.get("/").text)
    for address, method in product(("", "/new"), ("get", "post")):
        sent = {"data": {"csrf_token": token}} if method == "post" else {}
        answer = getattr(client, method)(f"/deadlines/which-where{address}", **sent)
        assert answer.status_code in (403, 405)


@factory
def expect_contact(firm):
    """Have hot leads of a firm that is on offer be called within four hours of working time."""
    key = add("Brisk", response_hours=4, working=("response",), feedback_days=3)
    use(key, temperature="hot")
    return make_offered_lead(temperature="hot", at=clock.now())


def test_what_is_expected_stands_on_the_offer_the_lead_in_hand_and_a_page_of_its_own(app: Flask):
    firm = make_partner()
    alice, manager = make_person(firm), make_manager()
    lead = expect_contact(firm)
    client, vendor = sign_in(app.test_client(), alice), sign_in(app.test_client(), manager)
    short = "First contact within 4 hours of working time; tell us how far you are within 3 days."
    for address in ("/available", f"/leads/{lead.id}"):
        assert short in client.get(address).text, address
    token = csrf_of(client.get("/available").text)
    client.post(f"/leads/{lead.id}/pickup", data={"csrf_token": token})
    contact = "Please contact the customer within 4 hours of working time"
    policy = vendor.get(f"/leads/{lead.id}").text
    assert (contact in policy, 'href="/deadlines/brisk">Brisk</a>, version 1' in policy) == (
        True,
        True,
    )
    for one, address in (
        (client, f"/leads/{lead.id}"),
        (client, "/expectations"),
        (vendor, "/expectations"),
        (vendor, f"/partners/{firm.id}/expectations"),
    ):
        assert contact in one.get(address).text, address
    assert client.get(f"/partners/{firm.id}/expectations").status_code == 403
