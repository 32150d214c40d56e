"""Rates of partners lean towards those of all, the more the less there is to go by."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.partners.rates import LEAST, MOST, STRENGTH, Mean, mean_of, shrink

CASES = st.integers(0, 500).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of)))
MEANS = st.builds(
    Mean,
    mean=st.floats(0, 1).map(lambda share: round(share, 2)),
    strength=st.integers(LEAST, MOST),
    firms=st.just(9),
)


@given(CASES, MEANS)
@settings(max_examples=200)
def test_a_rate_lies_between_what_the_firm_did_and_the_mean(counted, known):
    hits, of = counted
    rate = shrink(hits, of, known)
    raw = hits / of if of else known.mean
    assert min(raw, known.mean) - 1e-9 <= rate <= max(raw, known.mean) + 1e-9


@given(CASES, MEANS)
@settings(max_examples=200)
def test_one_hit_more_is_never_worse_and_more_of_the_same_goes_further_from_the_mean(
    counted, known
):
    hits, of = counted
    if hits < of:
        assert shrink(hits, of, known) < shrink(hits + 1, of, known)
    twice = shrink(2 * hits, 2 * of, known)
    assert abs(twice - known.mean) >= abs(shrink(hits, of, known) - known.mean) - 1e-9


@pytest.mark.parametrize(
    ("counted", "known"),
    [
        ([], None),
        ([(0, 0), (0, 0)], None),
        # too few firms to say how much they differ
        ([(3, 4), (1, 6)], Mean(0.4, STRENGTH, 2)),
        # all alike: what one did says little of it
        ([(2, 10)] * 8, Mean(0.2, MOST, 8)),
        # all or nothing: what one did says all
        ([(10, 10), (0, 10)] * 4, Mean(0.5, LEAST, 8)),
        # nobody ever won
        ([(0, 10)] * 8, Mean(0, STRENGTH, 8)),
    ],
)
def test_the_mean_counts_the_more_the_more_firms_are_alike(counted, known):
    assert mean_of(counted) == known


def test_how_much_firms_differ_is_found_again():
    """Firms whose true rates follow Beta(3, 7): mean 0.3, strength 10."""
    dice = random.Random(2026)
    counted = []
    for _firm in range(3000):
        true, of = dice.betavariate(3, 7), dice.randint(1, 60)
        counted.append((sum(dice.random() < true for _lead in range(of)), of))
    known = mean_of(counted)
    assert known.mean == pytest.approx(0.3, abs=0.02)
    assert known.strength == pytest.approx(10, abs=2)
