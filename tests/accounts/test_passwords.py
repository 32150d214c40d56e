"""How passwords are kept."""

from __future__ import annotations

from portal.accounts.passwords import hash_password, matches
from portal.accounts.rules import LONGEST


def test_a_password_is_kept_as_argon2id_and_never_twice_alike():
    kept = [hash_password("correct horse") for _ in range(2)]
    assert all(one.startswith("$argon2id$v=19$m=19456,t=2,p=1$") for one in kept)
    assert kept[0] != kept[1]
    assert all(matches(one, "correct horse") for one in kept)


def test_what_is_not_the_password_does_not_match_it():
    kept = hash_password("x" * LONGEST)
    for wrong in ("", "x" * (LONGEST - 1), "x" * (LONGEST + 1), "X" * LONGEST):
        assert not matches(kept, wrong)
    assert not matches(None, "nobody has this password")
    assert not matches("no hash at all", "x")
