"""What a password must be: long enough, not one that everybody tries first, not one's own name.

By OWASP ASVS 5.0, chapter 6.2: any character counts, none is demanded, and it never runs out. How
passwords are kept stands in `passwords`.
"""

from __future__ import annotations

import importlib
import re
from functools import cache

from flask_babel import gettext as _

SHORTEST, LONGEST = 8, 128
SHORTEST_OWN = 4
"""Characters of a name from which on a password may not contain it: "al" is in too many words."""


def fault_of(password: str, email: str, programme: str) -> str | None:
    """Say in a sentence what speaks against a password of the person with this address.

    `programme` is the programme's name. None where it is good.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        return str(_("Please take %(least)d to %(most)d characters.", least=SHORTEST, most=LONGEST))
    told = password.casefold()
    if told in common_passwords():
        return str(_("This one is among those that everybody tries first. Please take another."))
    for own in (email.partition("@")[0], programme):
        if any(word in told for word in spellings(own)):
            return str(
                _("Please leave “%(word)s” out: it is what somebody would try first.", word=own)
            )
    return None


def spellings(name: str) -> set[str]:
    """Return a name as it may stand in a password, with and without what parts its words."""
    whole = name.strip().casefold()
    together = re.sub(r"[\W_]+", "", whole)
    return {word for word in (whole, together) if len(word) >= SHORTEST_OWN}


@cache
def common_passwords() -> frozenset[str]:
    """Return some ten thousand passwords that are tried first, in small letters.

    From the list of zxcvbn, without asking anybody. It takes 15 MB while it is read, so it is read
    by the processes alone in which somebody chooses a password.
    """
    lists = importlib.import_module("zxcvbn.frequency_lists").FREQUENCY_LISTS
    return frozenset(word for word in lists["passwords"] if len(word) >= SHORTEST)
