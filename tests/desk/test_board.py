"""The board shows what partners sell and what the vendor sells itself side by side."""

from __future__ import annotations

import re
from datetime import date, timedelta

from portal.accounts import tree
from portal.accounts.queries import get_actor
from portal.core import clock
from portal.leads.models import LeadState
from portal.offers import operations as offers
from portal.pickup import operations as pickup
from tests.factories import (
    AT,
    answer_questions,
    make_lead,
    make_manager,
    make_offered_lead,
    make_partner,
    make_person,
    make_vendor,
    sign_in,
)


def shown(page):
    """Return the titles in each column."""
    return {
        key: re.findall(r'board-card-title">.*?</span> (.*?)(?: <span|</span>)', column)
        for key, column in re.findall(r'id="column-(\w+)".*?<h2(.*?)</section>', page, re.DOTALL)
    }


def test_the_board_shows_direct_leads_and_those_of_partners_side_by_side(client, ctx):
    at = clock.now() - timedelta(hours=2)
    firm = make_partner()
    rep = make_person(firm)
    unit = tree.save_unit(make_vendor(), "Digital sales", AT)
    dana = make_person(make_vendor(), "direct_sales", unit_id=unit.id, name="Dana")
    manager = make_manager()
    theirs = make_offered_lead(at=at, title="Picked by a partner")
    pickup.claim(theirs.id, get_actor(rep.id), at)
    ours = make_lead(state=LeadState.QUALIFIED, title="Picked by our own")
    answer_questions(ours)
    offers.offer_to_unit(ours.id, unit.id, 24, at)
    pickup.claim(ours.id, get_actor(dana.id), at)
    make_lead(
        state=LeadState.DIRECT,
        title="Sold by ourselves",
        owner_id=dana.id,
        expected_on=date(2020, 1, 31),
    )
    back = make_lead(state=LeadState.RETURNED, title="Nobody’s")
    sign_in(client, manager)

    page = client.get("/board").text
    # one click to the cause of what came back
    assert re.findall(r'board-card-cause" href="(.*?)"', page) == [f"/leads/{back.id}/doctor"]
    columns = shown(page)
    assert columns["held"] == ["Picked by a partner", "Picked by our own"]
    assert columns["direct"] == ["Sold by ourselves"]
    assert page.count('<span class="badge">ours</span>') == 2
    assert re.search(r'class="board-card-line late">.*?Dana · expected', page)

    partners = shown(client.get("/board?whose=partners").text)
    assert (partners["held"], partners["direct"]) == (["Picked by a partner"], [])
    mine = shown(client.get("/board?whose=ours").text)
    assert (mine["held"], mine["direct"]) == (["Picked by our own"], ["Sold by ourselves"])
    assert client.get("/board?whose=elves").status_code == 200
    assert "Sold by ourselves" in client.get("/board/direct?whose=ours").text
    fragment = client.get("/board/counts?whose=partners", headers={"HX-Request": "true"}).text
    assert "Picked by our own" not in fragment
