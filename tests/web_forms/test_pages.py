"""The pages on which channel managers make forms."""

from __future__ import annotations

import re

import pytest

from portal.web_forms import queries
from tests.factories import csrf_of, factory, make_manager, make_person, sign_in
from tests.web_forms.test_public import make_form


@pytest.fixture
def manager(app):
    client = app.test_client()
    return sign_in(client, make_manager())


@factory
def kept(form_id):
    form = queries.get_form(form_id)
    return {name: getattr(form, name) for name in ("name", "fields", "words", "sites", "version")}


def typed(page):
    """Return what an editor shows, as a browser would send it back."""
    values = {}
    for name, value in re.findall(
        r'<input(?=[^>]*\bname="([^"]+)")(?=[^>]*\bvalue="([^"]*)")[^>]*>', page
    ):
        values.setdefault(name, value)
    for name, text in re.findall(
        r'<textarea[^>]*\bname="([^"]+)"[^>]*>\s*([^<]*)</textarea>', page
    ):
        values[name] = text
    for name, options in re.findall(
        r'<select[^>]*\bname="([^"]+)"[^>]*>(.*?)</select>', page, re.DOTALL
    ):
        found = re.search(r'<option selected value="([^"]*)"', options)
        values[name] = found[1] if found else ""
    unticked = re.findall(r'<input(?![^>]*\bchecked)[^>]*name="([^"]+)"[^>]*type="checkbox"', page)
    return {name: value for name, value in values.items() if name not in unticked}


def test_a_form_is_made_changed_and_put_to_use(manager, client):
    page = manager.get("/web-forms/new").text
    values = {"csrf_token": csrf_of(page), "kind": "event", "name": "Autumn fair"}
    made = manager.post("/web-forms/new", data=values)
    assert made.status_code == 303
    form_id = int(made.location.rpartition("/")[2])
    page = manager.get(made.location).text
    assert client.get("/f/autumn-fair").status_code == 410
    values = typed(page) | {
        "active": "y",
        "title_en": "Meet us at the fair",
        "event_at": "2031-03-04T10:30",
        "event_place": "Hall 4",
        "ask-phone": "required",
        "extra-1-en": "Which day?",
        "extra-1-kind": "choice",
        "extra-1-choices": "Tuesday | Dienstag\nWednesday | Mittwoch",
        "sites": "https://fair.example/autumn\n",
    }
    saved = manager.post(made.location, data=values)
    assert saved.status_code == 303, saved.text
    public = client.get("/f/autumn-fair").text
    for said in ("Meet us at the fair", "Hall 4", "Which day?", "Wednesday"):
        assert said in public
    assert kept(form_id)["sites"] == ["https://fair.example"]
    assert "Autumn fair" in manager.get("/web-forms").text
    # who still has the old page open is told, and loses nothing
    late = manager.post(made.location, data=values | {"title_en": "Come to the fair"})
    assert late.status_code == 409
    assert "Come to the fair" in late.text


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"title_en": "", "title_de": ""}, "Please give it a title."),
        ({"ask-email": "optional"}, "Please require the e-mail address or the phone number."),
        ({"mail_text_en": "Hello {name}"}, "There is no merge field {name}."),
        ({"sites": "https://a.example; script-src *"}, "is no address of a site"),
        ({"calm": "0"}, "Please give a whole number."),
        ({"extra-1-en": "Which?", "extra-1-kind": "choice"}, "Please give two choices or more"),
        ({"type_key": "nothing"}, "Please choose one."),
    ],
)
def test_what_can_t_be_is_said_and_nothing_is_kept(manager, wrong, said):
    form = make_form()
    page = manager.get(f"/web-forms/{form.id}").text
    answer = manager.post(f"/web-forms/{form.id}", data=typed(page) | wrong)
    assert answer.status_code == 422
    assert said in answer.text
    assert kept(form.id)["version"] == 1


def test_only_who_makes_forms_gets_to_them(app):
    rep = sign_in(app.test_client(), make_person())
    assert rep.get("/web-forms").status_code == 403
