"""Tokens of other systems: made by administrators, shown once, worth what their scopes say."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from portal.accounts.api_tokens import Scope, find_bearer, make_token, revoke_token
from portal.accounts.models import ApiToken
from portal.accounts.queries import get_actor
from portal.cli import api_token
from portal.core.db import session
from portal.core.errors import Invalid
from tests.factories import AT, csrf_of, make_person, make_vendor, sign_in


def test_a_token_opens_what_it_says_until_it_is_revoked_or_over(ctx):
    user = make_person(make_vendor(), "qualifier")
    token, secret = make_token(user.email, "CRM", [Scope.LEADS_WRITE], AT, system="crm", days=10)
    found = find_bearer(secret, AT)
    assert (found.actor.id, found.system, found.scopes) == (user.id, "crm", {"leads:write"})
    assert secret not in str(vars(token)), "only a hash is kept"
    assert find_bearer(secret, AT + timedelta(days=10)) is None
    assert find_bearer(secret[:-1], AT) is None
    assert find_bearer("", AT) is None
    user.active = False
    assert find_bearer(secret, AT) is None
    user.active = True
    session().flush()
    assert find_bearer(secret, AT)
    revoke_token(token.id, get_actor(user.id), AT)
    revoke_token(token.id, get_actor(user.id), AT)
    assert find_bearer(secret, AT) is None


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ({"email": "nobody@nowhere.example"}, "email"),
        ({"email": "rep"}, "email"),
        ({"name": " "}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["everything"]}, "scopes"),
        ({"system": "no/slash"}, "system"),
        ({"days": 0}, "days"),
    ],
)
def test_a_token_for_nobody_or_nothing_is_refused(ctx, said, wrong):
    rep, boss = make_person(), make_person(make_vendor(), "admin")
    if said.get("email") == "rep":
        said = {"email": rep.email}
    given = {"email": boss.email, "name": "CRM", "scopes": [Scope.LEADS_WRITE], **said}
    with pytest.raises(Invalid) as refusal:
        make_token(given.pop("email"), given.pop("name"), given.pop("scopes"), AT, **given)
    assert set(refusal.value.errors) == {wrong}


def test_an_administrator_makes_and_revokes_and_reads_the_secret_once(client):
    boss = make_person(make_vendor(), "admin")
    sign_in(client, boss)
    page = client.get("/api-tokens")
    sent = {"csrf_token": csrf_of(page.text), "email": boss.email, "name": "CRM in the north"}
    refused = client.post("/api-tokens", data=sent)
    assert refused.status_code == 422
    assert "CRM in the north" in refused.text
    made = client.post("/api-tokens", data={**sent, "scopes": ["leads:write"], "system": "crm"})
    secret = re.search(r"fct_[0-9a-f]{64}", made.text)[0]
    assert secret not in client.get("/api-tokens").text
    with client.application.app_context():
        (token_id,) = session().scalars(ApiToken.__table__.select().with_only_columns(ApiToken.id))
        assert find_bearer(secret, AT)
    client.post(f"/api-tokens/{token_id}/revocation", data={"csrf_token": csrf_of(page.text)})
    with client.application.app_context():
        assert find_bearer(secret, AT) is None


def test_a_command_makes_a_token_and_prints_it_once(app):
    boss = make_person(make_vendor(), "admin")
    run = app.test_cli_runner().invoke
    made = run(api_token, [boss.email, "--scope", "leads:write"])
    assert made.exit_code == 0
    assert re.fullmatch(r"fct_[0-9a-f]{64}\n", made.output)
    refused = run(api_token, ["nobody@nowhere.example", "--scope", "leads:write"])
    assert refused.exit_code == 1
