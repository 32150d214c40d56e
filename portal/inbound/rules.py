"""Was it a person who pressed? Pure. A doubt refuses nothing, it asks for a second press.

Also what a mail asked to which somebody answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum

from portal.core.errors import Conflict, Refused

FASTEST = timedelta(seconds=2)
MANY_LINKS = 3
WITHIN = timedelta(seconds=10)
PREFETCH_HEADERS = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")


class Topic(StrEnum):
    """What a mail asked, to which an answer came."""

    OFFER = "offer"
    QUESTION = "question"
    OWED = "owed"  # an answer that a wanted lead waits for
    LEAD = "lead"
    TALK = "talk"  # what the other side wrote about a lead
    HELP = "help"  # what the vendor answered to a request
    MANY = "many"
    SHEET = "sheet"  # all leads in hand, as a sheet to fill in
    TERMS = "terms"  # whether a firm agrees to them


class PressAgain(Refused):
    """The press looked like a machine's."""

    code = "press_again"


class PageTooOld(Refused):
    """The press does not come from a page that was shown in the last half hour."""

    code = "page_too_old"


class ChangedMeanwhile(Conflict):
    """Another answer was given since the page was shown."""

    code = "changed_meanwhile"


class WentOn(ChangedMeanwhile):
    """The firm whose note is answered holds the lead no longer."""

    code = "went_on"


def is_prefetch(headers: Mapping[str, str]) -> bool:
    """True where a browser says that nobody has asked for this yet."""
    said = " ".join(headers.get(name, "") for name in PREFETCH_HEADERS).lower()
    return any(word in said for word in ("prefetch", "prerender", "preview"))


def doubt(
    since_shown: timedelta, links_seen: int, prefetched: bool, *, again: bool = False
) -> str | None:
    """Return as a code why a press looks like a machine's, or None.

    `since_shown` is how long the page was there, `links_seen` how many different links of the same
    mail were opened around that time. The `again` of a second press leaves the latter out.
    """
    if prefetched:
        return "prefetch"
    if since_shown < FASTEST:
        return "too_fast"
    if not again and links_seen >= MANY_LINKS:
        return "many_links"
    return None
