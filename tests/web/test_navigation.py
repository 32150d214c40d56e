"""The main navigation: all of it on a desk, five entries at the thumb on a phone."""

from __future__ import annotations

import re

import pytest

from portal.accounts.permissions import ROLES
from portal.accounts.queries import get_actor
from portal.navigation import entries
from tests.factories import make_person, make_vendor, sign_in


@pytest.mark.parametrize("roles", [*((role,) for role in ROLES), ("channel_manager", "admin")])
def test_nobody_has_more_than_five_at_the_thumb_and_nothing_is_lost(ctx, roles):
    user = make_person(make_vendor())
    user.roles = list(roles)
    with ctx.test_request_context("/"):
        found = entries(get_actor(user.id))
    at_the_thumb = [entry for entry in found if not entry.folded]
    assert len(at_the_thumb) + (len(found) > len(at_the_thumb)) <= 5
    assert len({entry.key for entry in found}) == len(found)


def test_what_is_folded_opens_without_a_script_and_says_where_the_reader_is(client):
    sign_in(client, make_person(make_vendor(), "channel_manager"))
    page = client.get("/rules").text
    (more,) = re.findall(r'<details class="nav-more".*?</details>', page, re.DOTALL)
    assert re.findall(r'<a href="([^"]*)"', more) == [
        "/leads",
        "/hand-overs",
        "/imports",
        "/rules",
        "/customers",
        "/reports",
        "/administration",
    ]
    assert 'href="/rules" aria-current="page"' in more
    assert "You are in: Rules" in more
    assert "You are in" not in client.get("/board").text
