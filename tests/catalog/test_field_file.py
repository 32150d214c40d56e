"""Own fields as a file: out and in again is the same, and what is odd is refused whole."""

from __future__ import annotations

import io

import pytest
from sqlalchemy import delete

from portal.catalog import field_bringing, field_file, field_operations
from portal.catalog.commands import fields as command
from portal.catalog.field_operations import FieldDraft
from portal.catalog.models import CustomField, FieldKind, FieldSubject
from portal.catalog.queries import forget_book, read_book
from portal.core.db import session
from portal.core.errors import Invalid
from tests.factories import AT, csrf_of, factory, make_manager, make_programme, sign_in

HEAD = "format: firstcome own fields 1\nfields:\n"
HALLS = "  - {about: lead, key: halls, kind: whole, names: {en: Halls}}\n"


@factory
def make_some():
    """Make a field of every kind about everything, some of them retired."""
    make_programme()
    made = [("", {"de": "Gemietet: „ja“", "en": "no"}, True), ("", {"en": "2026-01-01"}, False)]
    for subject in FieldSubject:
        for kind in FieldKind:
            draft = FieldDraft(
                names={"de": f"Ö {kind}", "en": f"{kind} - yes"},
                hints={"en": "null"} if kind == "text" else {},
                kind=kind,
                choices=[*made, ("", {"en": kind}, True)] if kind in ("one", "several") else (),
                required=kind == "day",
                teaser=subject == "lead" and kind == "web",
            )
            one = field_operations.add(subject, draft, None, AT)
            if kind == "decimal":
                field_operations.set_active(one.id, False, None, AT)
    field_operations.move(one.id, False, None, AT)
    return exported()


@factory
def exported():
    return field_file.write(read_book().fields)


def bring_in(file):
    return field_bringing.bring_in(field_file.read(file.encode()), None, AT)


def test_out_and_in_again_is_the_same_file(ctx):
    file = make_some()
    assert bring_in(file) == []
    session().execute(delete(CustomField))
    forget_book()
    assert {one.kind for one in bring_in(file)} == {"added"}
    assert exported() == file


def test_a_file_adds_changes_orders_and_retires_and_loses_no_choice(ctx):
    make_programme()
    roof = (
        "  - about: lead\n    key: roof\n    kind: one\n    names: {en: Roof}\n    choices:\n"
        "      - {key: flat, names: {en: Flat}}\n      - {key: steep, names: {en: Steep}}\n"
    )
    bring_in(HEAD + HALLS + roof)
    less = roof.replace("      - {key: steep, names: {en: Steep}}\n", "")
    changes = bring_in(HEAD + less.replace("en: Roof", "en: Top"))
    assert [(one.kind, one.place, one.parts) for one in changes] == [
        ("changed", "lead/roof", ("names", "choices")),
        ("retired", "lead/halls", ()),
    ]
    (found,) = read_book().fields_of("lead")
    assert [(one["key"], one["active"]) for one in found.choices] == [
        ("flat", True),
        ("steep", False),
    ]
    assert [one.kind for one in bring_in(HEAD + less + HALLS)] == ["changed", "changed"]
    assert [one.key for one in read_book().fields_of("lead")] == ["roof", "halls"]


@pytest.mark.parametrize(
    "file",
    [
        "",
        "a: [",
        "format: firstcome lead definition 1\nfields: []\n",
        HEAD + "  - 7\n",
        HEAD + HALLS + HALLS,
        HEAD + HALLS.replace("whole", "odd"),
        HEAD + HALLS.replace("halls", "Halls!"),
        HEAD + HALLS.replace("{en: Halls}", "{fr: Halles}"),
        HEAD + HALLS.replace("{en: Halls}", "{de: Hallen}"),
        HEAD + HALLS.replace("kind: whole", "kind: one"),
        HEAD + HALLS.replace("kind: whole", "kind: whole, odd: 1"),
        HEAD + HALLS.replace("lead", "partner").replace("whole", "whole, teaser: true"),
        HEAD
        + HALLS.replace("halls", "other").replace("Halls", "Good")
        + HALLS.replace("whole", "day"),
    ],
)
def test_what_is_odd_is_refused_whole_in_words(ctx, file):
    make_programme()
    bring_in(HEAD + HALLS)
    with pytest.raises(Invalid) as refused:
        bring_in(file)
    assert all(said.strip() for said in refused.value.errors.values())
    assert [one.key for one in read_book().fields["lead"]] == ["halls"]


def test_the_page_compares_takes_and_gives_the_file(client):
    browser = sign_in(client, make_manager())
    token = csrf_of(browser.get("/fields/from-file").text)

    def send(file, **more):
        sent = (io.BytesIO(file.encode()), "fields.yaml")
        return browser.post("/fields/from-file", data={"csrf_token": token, "file": sent, **more})

    assert "lead/halls" in send(HEAD + HALLS, then="compare").text
    assert "key: halls" not in browser.get("/fields/file").text
    wrong = send(HEAD + HALLS.replace("whole", "odd"))
    assert wrong.status_code == 422
    assert "nothing was changed" in wrong.text
    assert send(HEAD + HALLS).status_code == 303
    assert "key: halls" in browser.get("/fields/file").text


def test_the_command_gives_and_takes_the_same_file(app, tmp_path):
    make_programme()
    file = tmp_path / "fields.yaml"
    file.write_text(HEAD + HALLS)
    call = app.test_cli_runner().invoke
    assert (
        "1 fields would be different." in call(command, ["import", str(file), "--dry-run"]).output
    )
    assert "+ lead/halls" in call(command, ["import", str(file)]).output
    assert "key: halls" in call(command, ["export"]).output
    file.write_text(HEAD + HALLS.replace("whole", "day"))
    refused = call(command, ["import", str(file)])
    assert refused.exit_code == 1
    assert "lead/halls" in refused.output
