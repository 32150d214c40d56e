"""Whether a program sent a mail: an answer of somebody away, a report, a list, ourselves. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

ROBOTS = re.compile(r"(?i)^(mailer-daemon|postmaster|no-?reply|do-?not-?reply|bounces?)([+.-].*)?@")
AWAY = re.compile(
    r"(?i)^\s*(abwesenheitsnotiz|abwesend|automatische antwort|automatic reply|auto(matic)?[ -]?"
    r"(response|reply)|out of (the )?office|autosvar|automatisk svar|réponse automatique|"
    r"respuesta automática|risposta automatica|automatisch antwoord|undeliverable|"
    r"delivery status notification|unzustellbar|returned mail|failure notice|mail delivery "
    r"(failed|failure|warning)|mail could not be delivered|delivery failure( notification)?\s*$)"
    r"(\b|$)"
)
BULK = frozenset(("bulk", "junk", "list", "auto_reply"))


BY_ITSELF = ("x-autoreply", "x-autorespond", "x-autoresponder")


def why_automatic(
    headers: Mapping[str, str], sender: str, subject: str, envelope_from: str, mail_domain: str
) -> str | None:
    """Return the code `loop` or `automatic` for what no person sent; None for a person's mail."""
    own = f"@{mail_domain.lower()}"
    if sender.endswith(own) or own in headers.get("message-id", "").lower():
        return "loop"
    submitted = headers.get("auto-submitted", "no").partition(";")[0].strip().lower()
    bounced = envelope_from == "" or headers.get("return-path", "x").strip() == "<>"
    told = (
        submitted != "no",
        headers.get("precedence", "").strip().lower() in BULK,
        any(name in headers for name in BY_ITSELF),
        headers.get("content-type", "").lower().startswith("multipart/report"),
        "list-id" in headers,
        # an Exchange is away; what its rules only pass on, and what its people write, is theirs
        "x-ms-exchange-inbox-rules-loop" in headers
        and "all" in headers.get("x-auto-response-suppress", "").lower(),
        # an answer to an invitation, an emoji put to a mail
        "x-part" in headers,
        bool(ROBOTS.match(sender)),
        bool(AWAY.match(subject)),
        bounced,
    )
    return "automatic" if any(told) else None


def is_away(headers: Mapping[str, str], subject: str) -> bool:
    """Say whether what a program sent is what a mailbox answers while its owner is away.

    A receipt, a report or the answer to an invitation says nothing of that.
    """
    if "x-part" in headers or headers.get("content-type", "").lower().startswith("multipart/rep"):
        return False
    return (
        headers.get("auto-submitted", "").strip().lower().startswith("auto-replied")
        or headers.get("precedence", "").strip().lower() == "auto_reply"
        or any(name in headers for name in (*BY_ITSELF, "x-ms-exchange-inbox-rules-loop"))
        or bool(AWAY.match(subject))
    )
