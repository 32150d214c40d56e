"""Putting leads on offer in the browser: one, some, or all that are ready."""

from __future__ import annotations

import html

from portal.core.db import session
from portal.leads.models import Lead
from tests.factories import (
    answer_questions,
    csrf_of,
    factory,
    make_lead,
    make_manager,
    make_partner,
    make_person,
    sign_in,
)


@factory
def ready(**over):
    lead = make_lead(**over)
    answer_questions(lead)
    return lead


@factory
def states(*leads):
    return [session().get_one(Lead, lead.id).state for lead in leads]


def send(client, path, **fields):
    fields["csrf_token"] = csrf_of(client.get("/board").text)
    return client.post(path, data=fields, follow_redirects=True)


def test_one_lead_a_selection_or_all_that_are_ready_go_on_offer(client):
    make_person(make_partner())
    leads = [ready() for _ in range(5)]
    manager = sign_in(client, make_manager())
    assert "on offer to 1 firm" in send(manager, f"/leads/{leads[0].id}/offer").text
    assert states(*leads) == ["offered", *["qualified"] * 4]
    page = send(manager, "/offers", lead=[leads[1].id, leads[2].id])
    assert "2 leads are on offer now." in page.text
    assert states(*leads) == [*["offered"] * 3, *["qualified"] * 2]
    assert "2 leads are on offer now." in send(manager, "/offers", all="1").text
    assert states(*leads) == ["offered"] * 5
    assert "No lead was chosen." in send(manager, "/offers").text


def test_of_a_selection_each_lead_stands_or_falls_by_itself(client):
    make_person(make_partner())
    near, far = ready(), ready(country="US", subdivision="US-TX", latitude=30.3, longitude=-97.7)
    manager = sign_in(client, make_manager())
    page = send(manager, "/offers", lead=[near.id, far.id]).text
    assert "1 lead is on offer now." in page
    assert states(near, far) == ["offered", "qualified"]
    assert "1 partner doesn't serve the region" in html.unescape(page)
