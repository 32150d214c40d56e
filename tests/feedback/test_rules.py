"""What an answer must contain, how amounts are read, and for how long an answer can be undone."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal

import pytest

from portal.feedback.rules import (
    LONGEST_NOTE,
    MOST_VALUE,
    Acceptable,
    Answer,
    check_answer,
    may_take_back,
    read_amount,
    words_of,
)
from portal.pickup.rules import UNDO_WITHIN
from tests.factories import AT

TODAY = date(2026, 11, 16)
TOMORROW = TODAY + timedelta(days=1)


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("12500", "12500.00"),
        ("12.500", "12500.00"),
        ("12,500", "12500.00"),
        ("12,500.75", "12500.75"),
        ("12.500,75", "12500.75"),
        ("1.250.000", "1250000.00"),
        ("12,5", "12.50"),
        ("12.5", "12.50"),
        ("€ 12 500", "12500.00"),
        ("12’500 CHF", "12500.00"),
        ("12\u00a0500,00 EUR", "12500.00"),
        ("1'250'000.5", "1250000.50"),
        ("1250,75", "1250.75"),
        ("12500.", "12500.00"),
        ("0.500", "0.50"),
        ("-5", "-5.00"),
        ("0", "0.00"),
    ],
)
def test_amounts_are_read_as_people_write_them(written, amount):
    assert read_amount(written) == Decimal(amount)


NO_AMOUNTS = (
    *("", "€", "twelve", "12 apples", "--5", "1e5", "."),
    *("24.12.2026", "12.5.00", "1.2.3", "1,2,3", "1 2 3", "1.250,000.5", "12.50.000"),
    *("0171", "9" * 30),
)


@pytest.mark.parametrize("written", NO_AMOUNTS)
def test_what_is_no_amount_is_not_guessed(written):
    with pytest.raises(ValueError, match=f"^{re.escape(written)}$"):
        read_amount(written)


@pytest.mark.parametrize(
    ("answer", "uncontacted", "needed", "missing"),
    [
        (Answer("waiting"), 0, set(), set()),
        (Answer("proposal", note="Sent."), 3, set(), set()),
        (Answer("maybe"), 0, set(), {"status"}),
        (Answer(""), 0, set(), {"status"}),
        (Answer("not_contacted"), 0, set(), set()),
        (Answer("not_contacted"), 1, set(), {"next_step", "next_step_on"}),
        (Answer("not_contacted", next_step="Call."), 1, set(), {"next_step_on"}),
        (Answer("not_contacted", next_step="Call.", next_step_on=TOMORROW), 1, set(), set()),
        (Answer("waiting", next_step_on=TODAY), 0, set(), set()),
        (Answer("waiting", next_step_on=TODAY - timedelta(days=1)), 0, set(), {"next_step_on"}),
        (Answer("won"), 0, set(), {"value"}),
        (Answer("won", value=Decimal(0)), 0, set(), set()),
        (Answer("won", value=Decimal(-1)), 0, set(), {"value"}),
        (Answer("won", value=MOST_VALUE + 1), 0, set(), {"value"}),
        (Answer("lost"), 0, set(), {"reason"}),
        (Answer("lost", reason="price"), 0, {"decision_maker"}, {"decision_maker"}),
        (Answer("lost", reason="price", decision_maker="IT"), 0, {"decision_maker"}, set()),
        (Answer("waiting", note="x" * (LONGEST_NOTE + 1)), 0, set(), {"note"}),
    ],
)
def test_each_answer_asks_for_what_it_needs(ctx, answer, uncontacted, needed, missing):
    assert check_answer(answer, Acceptable(uncontacted), needed, TODAY).keys() == missing


@pytest.mark.parametrize(
    ("answer", "acceptable", "missing"),
    [
        (Answer("not_contacted"), Acceptable(uncontacted=1, free=2), set()),
        (Answer("not_contacted"), Acceptable(free=0), {"next_step", "next_step_on"}),
        (Answer("waiting"), Acceptable(since=True), {"waiting_since"}),
        (Answer("waiting", waiting_since=TODAY), Acceptable(since=True), set()),
        (Answer("proposal"), Acceptable(since=True), set()),
        (Answer("waiting", waiting_since=TOMORROW), Acceptable(), {"waiting_since"}),
        (
            Answer("waiting", waiting_since=TODAY - timedelta(days=400)),
            Acceptable(),
            {"waiting_since"},
        ),
    ],
)
def test_the_policy_says_what_is_an_answer(ctx, answer, acceptable, missing):
    assert check_answer(answer, acceptable, set(), TODAY).keys() == missing


@pytest.mark.parametrize(
    ("taken_back", "newest", "untouched", "later", "why"),
    [
        (False, True, True, timedelta(), None),
        (False, True, True, UNDO_WITHIN, None),
        (False, True, True, UNDO_WITHIN + timedelta(seconds=1), "late"),
        (False, True, False, timedelta(), "moved"),
        (False, False, True, timedelta(), "newer"),
        (True, True, True, timedelta(), "done"),
    ],
)
def test_an_answer_is_taken_back_only_while_nothing_followed(
    ctx, taken_back, newest, untouched, later, why
):
    refusal = may_take_back(AT, AT if taken_back else None, newest, untouched, AT + later)
    assert (refusal.facts["why"] if refusal else None) == why


@pytest.mark.parametrize(
    ("status", "said"),
    [("not_contacted", "Not made contact yet"), ("won", "Won"), ("else", ""), (None, "")],
)
def test_the_five_answers_have_words_and_nothing_else_has(ctx, status, said):
    assert words_of(status) == said
