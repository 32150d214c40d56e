"""The lines of an answer by mail that name their field: "Reason: too expensive". Pure."""

from __future__ import annotations

import re

from portal.inbound.keywords import fold

LABELS: dict[str, str] = {
    fold(name): of
    for of, names in {
        "value": (
            *("betrag", "wert", "auftragswert", "summe", "volumen", "amount", "value"),
            *("order value", "value of the order", "deal value", "total"),
        ),
        "reason": ("grund", "warum", "weshalb", "reason", "why"),
        "next_step": ("nächster schritt", "next step", "nächste schritte", "next steps"),
        "next_step_on": (
            *("wiedervorlage", "nächster kontakt", "nächster termin", "follow-up", "follow up"),
            "next contact",
        ),
        "waiting_since": ("wartet seit", "warten seit", "waiting since", "seit", "since"),
        "decision_maker": (
            *("entscheider", "entscheiderin", "entschieden hat", "wer hat entschieden"),
            *("who decided", "decided by", "decision maker", "wer entschieden hat"),
        ),
    }.items()
    for name in names
}
LABEL = re.compile(r"\W{0,3}([^\W\d][\w -]{1,30}?)(?:,\s?[A-Z]{3})?\s?[:=?](?:\s|$)")


def find_label(line: str) -> tuple[str, str]:
    """Return the field that a line names and what is written behind it; empty where it is none."""
    label = LABEL.match(line)
    of = LABELS.get(fold(label[1]), "") if label else ""
    return (of, line[label.end() :].strip()) if label and of else ("", "")
