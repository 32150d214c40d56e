"""What an answer by mail may do: address × sender × whether our server vouches for him. Pure.

The table stands in `TABLE`, as it is to be read. What is doubtful is asked back, at the address
that we know and never at the one it came from; a stranger hears nothing.
"""

from __future__ import annotations

from enum import StrEnum

from portal.inbound.authentication import Vouched


class At(StrEnum):
    """The address at which an answer came in."""

    GOOD = "good"
    OVER = "over"  # it has served its time, or was ended
    NONE = "none"


class By(StrEnum):
    """Who an answer says it is from."""

    PERSON = "person"  # to whom we wrote; without an address of hers: somebody we know
    COLLEAGUE = "colleague"  # of the same mail domain
    OTHER = "other"


class Does(StrEnum):
    """What is done with an answer."""

    APPLY = "apply"
    APPLY_UNLESS_CLOSING = "apply_unless_closing"
    CONFIRM = "confirm"
    NAME_LEAD = "name_lead"  # ask about the only lead in hand, or list them all
    QUARANTINE = "quarantine"  # people look at it, nobody is answered


ANY = tuple(Vouched)
TABLE: tuple[tuple[At, tuple[By, ...], tuple[Vouched, ...], Does, str], ...] = (
    (At.GOOD, (By.PERSON,), (Vouched.PASS,), Does.APPLY, ""),
    (At.GOOD, (By.PERSON,), (Vouched.NONE,), Does.APPLY_UNLESS_CLOSING, "not_vouched"),
    (At.GOOD, (By.PERSON,), (Vouched.FAIL,), Does.CONFIRM, "not_vouched"),
    (At.GOOD, (By.COLLEAGUE,), (Vouched.PASS,), Does.CONFIRM, "colleague"),
    (At.GOOD, (By.COLLEAGUE, By.OTHER), ANY, Does.CONFIRM, "other_sender"),
    (At.OVER, (By.PERSON,), (Vouched.PASS,), Does.CONFIRM, "address_over"),
    (At.OVER, tuple(By), ANY, Does.QUARANTINE, "address_over"),
    (At.NONE, (By.PERSON,), (Vouched.PASS,), Does.NAME_LEAD, "no_address"),
    (At.NONE, (By.PERSON,), ANY, Does.QUARANTINE, "not_vouched"),
    (At.NONE, tuple(By), ANY, Does.QUARANTINE, "stranger"),
)
"""The first line that fits holds. The last column is the code that says why."""


def decide(where: At, by: By, vouched: Vouched) -> tuple[Does, str]:
    """Return what is done with an answer, and the code that says why not more."""
    return next(
        (does, why)
        for at, who, said, does, why in TABLE
        if at == where and by in who and vouched in said
    )


def who(sender: str, person: str) -> By:
    """Return who wrote, compared with an address of a person that we know.

    Letters of other scripts that look or fold alike are other letters.
    """
    if not (sender.isascii() and person.isascii()):
        return By.OTHER
    sender, person = sender.lower(), person.lower()
    if sender == person:
        return By.PERSON
    same = sender.rpartition("@")[2] == person.rpartition("@")[2]
    return By.COLLEAGUE if same else By.OTHER
