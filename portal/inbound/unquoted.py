"""What a customer wrote: all of it but what he quotes of our letters. Pure.

Unlike an answer that moves a status (`written`) it is read by people, to whom a word that is gone
matters more than one too many. So only what we sent is taken out, where a mail program marked it or
put it behind an attribution; greetings, signatures and what others wrote stay.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from portal.inbound.written import (
    LONGEST_LINE,
    QUOTED,
    SURE,
    UNSEEN_EDGE,
    Sent,
    frame_end,
    is_rule,
    nearest,
    plain,
    take_in,
)

MOST_COMPARED = 2000
"""So many lines are compared; what comes behind stays as it is."""


def without_quote(body: str, sent: str) -> str:
    """Return what somebody wrote without what stands in it of `sent`, which he answers.

    What a mail showed besides its text, the words of its HTML part, belongs into `sent` too.
    """
    lines, known = body.splitlines(), take_in(sent)
    if known.lines:
        lines = [*sift(lines[:MOST_COMPARED], known), *lines[MOST_COMPARED:]]
    text = "\n".join(UNSEEN_EDGE.sub("", line).rstrip() for line in lines)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def sift(lines: Sequence[str], known: Sent) -> list[str]:
    """Return the lines that were not sent by us, without the attributions of those that were."""
    bare = [plain(line) for line in lines]
    short = [line[:LONGEST_LINE] for line in lines]
    kept: list[str] = []
    place, after_rule, quoting = 0, False, False
    while place < len(lines):
        end = frame_of(short, bare, place, after_rule)
        if end > place and is_sent(bare, follows(bare, end), known):
            quoting, after_rule, place = True, False, end
            while kept and (not kept[-1].strip() or is_rule(kept[-1])):
                kept.pop()
            kept.append("")
            continue
        line, said = lines[place], bare[place]
        after_rule = is_rule(line) and any(one.isalpha() for one in line)
        quoted = bool(QUOTED.match(line))
        if not ((quoting or quoted) and said and is_sent(bare, place, known)):
            kept.append("" if quoted and not said else line)
        place += 1
    return kept


def frame_of(short: Sequence[str], bare: Sequence[str], place: int, after_rule: bool) -> int:
    """Return where that ends which a program puts before a quote; `place` where none begins.

    Where one begins anew behind an empty line, what stands above it is somebody's own.
    """
    end = frame_end(short, place, after_rule)
    anew = (one for one in range(place + 1, end) if not bare[one - 1])
    return place if any(frame_end(short, one, True) == end for one in anew) else end


def follows(bare: Sequence[str], start: int) -> int:
    """Return where the first line with words stands from `start` on; the last place without."""
    return next((place for place in range(start, len(bare)) if bare[place]), len(bare) - 1)


def is_sent(bare: Sequence[str], place: int, known: Sent) -> bool:
    """Say whether we sent a line, whole or as another program breaks it."""
    said = bare[place]
    before, behind = nearest(reversed(bare[:place])), nearest(bare[place + 1 :])
    runs = [said] if len(said) > SURE else []
    runs += [f"{before} {said}"] if before else []
    runs += [f"{said} {behind}"] if behind else []
    return said in known.lines or any(f" {one.casefold()} " in known.joined for one in runs)
