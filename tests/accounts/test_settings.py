"""The buttons for language and appearance lead back to the page they stand on."""

from __future__ import annotations

import re

import pytest

from tests.factories import csrf_of, make_person, sign_in


def press(client, page, choice, value):
    """Press a button of the settings on a page as a browser without a script does."""
    html = client.get(page).text
    form = html[html.index(f'action="/settings/{choice}"') :]
    fields = re.findall(
        r'<input type="hidden" name="(\w+)" value="([^"]*)"', form[: form.index("</form>")]
    )
    return client.post(f"/settings/{choice}", data={**dict(fields), choice: value})


@pytest.mark.parametrize(("choice", "value"), [("language", "de"), ("theme", "dark")])
@pytest.mark.parametrize("page", ["/mine", "/mine?view=closed", "/settings/mail"])
def test_a_new_language_or_appearance_stays_on_the_page(client, choice, value, page):
    sign_in(client, make_person())
    answer = press(client, page, choice, value)
    assert answer.status_code == 303
    assert answer.headers["Location"] == page


def test_before_signing_in_too(client):
    answer = press(client, "/forgot", "language", "de")
    assert answer.headers["Location"] == "/forgot"
    assert 'lang="de"' in client.get("/forgot").text


@pytest.mark.parametrize(
    "back", ["/leads/7/feedback-and-pickup", "//evil.example", "https://evil.example/"]
)
def test_a_page_that_cannot_be_opened_again_leads_home(client, back):
    sign_in(client, make_person())
    data = {"theme": "dark", "back": back, "csrf_token": csrf_of(client.get("/").text)}
    assert client.post("/settings/theme", data=data).headers["Location"] == "/"
