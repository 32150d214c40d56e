"""The script: answers of five sorts, questions that wait for an answer, what an offer asks for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from portal.accounts.models import User
from portal.accounts.queries import get_actor
from portal.core.db import session
from portal.core.errors import Invalid
from portal.desk.queries import list_answers
from portal.leads import definition, operations, requirements, script
from portal.leads.definition import Content, Option, Question, from_data, to_data
from portal.leads.definition_rules import check, differences
from portal.leads.models import LeadAnswer, QualificationQuestion
from portal.leads.operations import Qualification
from portal.qualification import desk, routing
from tests.factories import (
    AT,
    csrf_of,
    factory,
    make_lead,
    make_manager,
    make_person,
    make_unit,
    make_vendor,
    sign_in,
)

OPTIONS = [
    {"key": "today", "names": {"en": "We have one", "de": "Haben wir"}},
    {"key": "none", "names": {"en": "None so far"}},
]


def ask(key: str, **over) -> QualificationQuestion:
    """Let the script of the active version ask one question more."""
    some = session().scalars(select(QualificationQuestion)).first()
    assert some is not None
    question = QualificationQuestion(
        definition_id=some.definition_id, key=key, area="own", names={"en": f"{key}?"},
        position=over.pop("position", 50), **over,
    )  # fmt: skip
    session().add(question)
    session().flush()
    return question


@pytest.mark.parametrize(
    ("sort", "typed", "kept", "told"),
    [
        ("text", "as it is", "as it is", "as it is"),
        ("choice", "haben wir", "today", "We have one"),
        ("choice", "none", "none", "None so far"),
        ("choice", "perhaps", None, ""),
        ("number", "1,250", "1250", "1,250"),
        ("number", "a dozen", None, ""),
        ("date", "2020-03-01", "2020-03-01", "Mar 1, 2020"),
        ("date", "2027-02-30", None, ""),
        ("money", "25k", "25000.00", "€25,000"),
        ("money", "9" * 60, None, ""),
    ],
)
def test_an_answer_is_read_by_its_sort_kept_plain_and_told_in_words(ctx, sort, typed, kept, told):
    one = QualificationQuestion(
        id=7, key="it", names={"en": "It?"}, sort=sort, options=OPTIONS, shown_for=[]
    )
    found, errors = script.read([one], {"it": typed}, {})
    if kept is None:
        assert list(errors) == ["answer-it"]
        # what was kept once may stay
        assert script.read([one], {"it": typed}, {7: typed}) == ({"it": typed}, {})
    else:
        assert found == {"it": kept}
        assert script.told(one, kept) == told


def test_a_question_waits_for_the_answer_that_asks_for_it_and_only_then_holds_up_an_offer(ctx):
    mara = get_actor(make_person(make_vendor(), "qualifier").id)
    lead = make_lead(state="captured", qualified_at=None)
    ask("solution", sort="choice", options=OPTIONS, position=60)
    ask("which", shown_by="solution", shown_for=["today"], required=True, position=61)
    ask("since", shown_by="which", sort="date", position=62)
    ask("board", required_later=True, position=63)

    def save(**answers: str) -> set[str]:
        given = Qualification(title="Racks", answers=answers)
        operations.save_qualification(lead.id, given, mara, AT, lead.version)
        return set(requirements.missing_for(lead, "offer"))

    assert not {"answer-which", "answer-board"} & save(solution="None so far", which="kept")
    assert "answer-board" in requirements.missing_for(lead, requirements.CONFIRM)
    assert [one.answer for one in list_answers(lead.id)] == ["None so far"]
    assert "answer-which" in save(solution="today", which="")
    save(which="A cupboard", since="2020-01-01")
    told = [one.answer for one in list_answers(lead.id)]
    assert told == ["We have one", "A cupboard", "Jan 1, 2020"]
    with pytest.raises(Invalid) as refused:
        save(since="long ago")
    assert list(refused.value.errors) == ["answer-since"]
    assert session().scalar(select(LeadAnswer.answer).where(LeadAnswer.answer == "2020-01-01"))


def test_a_file_says_sorts_and_conditions_and_a_question_that_goes_frees_those_behind_it(ctx):
    first = Question(
        "a", {"en": "A"}, sort="choice",
        options=(Option("x", {"en": "X"}), Option("y", {"en": "Y"})),
    )  # fmt: skip
    second = Question("b", {"en": "B"}, shown_by="a", shown_for=("x",), required_later=True)
    content = Content(questions=(first, second))
    assert from_data(to_data(content)) == content
    freed = definition.take_out(content, first).question_of("b")
    assert freed is not None
    assert (freed.shown_by, freed.shown_for) == (None, ())
    turned = definition.move(content, second, -1)
    assert [one.key for one in check(turned) if one.place == "questions"] == ["b"]
    with pytest.raises(Invalid) as refused:
        from_data(to_data(turned))
    assert "questions[1].shown_by" in refused.value.errors


@factory
def make_choice() -> int:
    ask("solution", sort="choice", options=OPTIONS, position=60)
    ask("which", shown_by="solution", shown_for=["today"], position=61)
    return make_lead(state="captured", qualified_at=None).id


def test_the_page_asks_further_once_the_answer_is_chosen_and_saves_nothing(client):
    sign_in(client, factory(lambda: make_person(make_vendor(), "qualifier"))())
    lead = make_choice()
    page = client.get(f"/qualify/{lead}").text
    assert 'value="today"' in page
    assert "which?" not in page
    sent = {"csrf_token": csrf_of(page), "answer-solution": "today"}
    plain = client.post(f"/qualify/{lead}/script", data=sent)
    assert "which?" in plain.text
    fragment = client.post(f"/qualify/{lead}/script", data=sent, headers={"HX-Request": "true"})
    assert "which?" in fragment.text
    assert "<html" not in fragment.text
    assert "which?" not in client.get(f"/qualify/{lead}").text


def test_a_question_is_asked_in_its_step_and_later_ones_read_its_answer(client):
    lead_id, page = in_second_step(), sign_in(client, person_of("Bea")).get
    text = page(f"/qualify/{lead_id}").text
    script_part = text[text.index('id="script"') : text.index('id="script"') + 6000]
    # what profiling answered is there to read, what it left open is asked where an offer needs it
    assert 'name="answer-firm"' not in script_part
    assert "Eleven people" in script_part
    assert "Profiling" in script_part
    for name, asked in (("skipped", False), ("needed", True), ("money", True), ("both", True)):
        assert (f'name="answer-{name}"' in script_part) is asked, name


@factory
def in_second_step() -> int:
    mara, vendor = get_actor(make_manager().id), make_vendor()
    phones, brand = make_unit(vendor, "Tele-sales"), make_unit(vendor, "Brand")
    for place, (key, unit) in enumerate((("profiling", phones), ("bant", brand))):
        routing.set_step(
            "end_customer", key, unit.id, briefing=False, position=place, actor=mara, at=AT
        )
    tele = get_actor(make_person(vendor, "qualifier", unit_id=phones.id).id)
    bea = make_person(vendor, "qualifier", unit_id=brand.id, name="Bea")
    firm = ask("firm", step="profiling", required=True)
    ask("skipped", step="profiling")
    ask("needed", step="profiling", required=True)
    ask("money", step="bant")
    ask("both")
    lead = make_lead(state="captured", qualified_at=None, unit_id=phones.id)
    session().add(LeadAnswer(lead_id=lead.id, question_id=firm.id, answer="Eleven people"))
    session().flush()
    desk.hand_on(lead.id, tele, AT, user_id=bea.id)
    return lead.id


@factory
def person_of(name: str) -> User:
    return session().scalars(select(User).where(User.name == name)).one()


def test_the_step_of_a_question_stands_in_file_comparison_and_version():
    plain = Question("firm", {"en": "How many are you?"})
    cut = replace(plain, step="profiling")
    assert "step" not in definition.question_to_data(plain)
    data = to_data(Content(questions=(cut,)))
    assert from_data(data).questions == (cut,)
    data["questions"][0]["step"] = "dancing"
    with pytest.raises(Invalid) as refused:
        from_data(data)
    assert list(refused.value.errors) == ["questions[1].step"]
    (found,) = differences(Content(questions=(plain,)), Content(questions=(cut,)))
    assert any("Profiling" in said for said in found.details)
