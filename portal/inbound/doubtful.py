"""Words that make an answer by mail doubtful, in English and German, folded. Pure.

Whoever writes one of them behind a keyword may mean something else than the keyword says.
"""

from __future__ import annotations

import re

from portal.feedback.rules import Status
from portal.inbound.keywords import Action, Meaning, fold

NOT = frozenset(
    fold(
        "not never nothing nicht nichts nix kein keine keinen keiner keins nie no nein niemals "
        "weder isn't wasn't didn't haven't hasn't don't won't can't couldn't nope cannot"
    ).split()
)
ONLY_NOT = NOT | frozenset(fold("noch yet leider doch mehr aber but ganz quite still").split())
FUTURE_WORDS = frozenset(
    fold(
        "will shall soon tomorrow hopefully probably maybe perhaps expect expected would could "
        "should might if unless likely almost nearly werde werden wird bald hoffentlich "
        "wahrscheinlich vermutlich vielleicht evtl eventuell voraussichtlich falls wenn könnte "
        "könnten würde würden sollte sollten fast beinahe demnächst morgen once until provided "
        "pending subject contingent sobald sofern solange bevor vorbehalt vorbehaltlich erst"
    ).split()
)
PERHAPS = frozenset(fold("maybe perhaps if unless vielleicht evtl eventuell falls wenn").split())
LEGAL_FORMS = frozenset(
    fold(
        "gmbh ag kg ug ohg gbr se mbh ltd limited inc llc llp corp co company plc bv sarl sas spa"
    ).split()
)
OR = frozenset(fold("oder or und and bzw resp").split())
BUT = frozenset(
    fold(
        "but though although however except instead aber allerdings jedoch obwohl sondern außer "
        "dennoch kidding joke scherz"
    ).split()
)
"""Words that turn what stands before them."""
POLITE = frozenset(
    fold(
        "ok okay ja yes bitte danke dank vielen gern gerne please thanks thank you many ich sofort"
    ).split()
)
"""What may stand behind a word that picks a lead up; with anything else it may be a sentence."""

REFUSED = (
    r"abgesagt|sag(t|te|en) ab|abgelehnt|lehn(t|te|en) ab|storniert\w*|storno|abgesprungen|"
    r"geplatzt|erledigt|gekuendigt|zurueckgezogen|woanders|anderweitig|(mit|wett)bewerb\w*|"
    r"konkurren\w+|nicht mehr|will nicht|wollen nicht|moechten? nicht|declined?|rejected|refused|"
    r"cancell?ed|withdr[ae]wn?|competitors?|competition|elsewhere|went with|going with|"
    r"no longer|any ?more|do(es)?n't want|not interested"
)
AGREED = (
    r"angenommen|nimmt an|zugesagt|zusage|unterschrieben|unterschrift|unterzeichnet|beauftragt|"
    r"bestellt|bestellung|auftrag|zuschlag|gekauft|accepted|agreed|signed|signature|ordered|order|"
    r"bought|purchased|closed|approved"
)
AGAINST: dict[Meaning, re.Pattern[str]] = {
    **{
        status: re.compile(rf"\b({REFUSED}|{AGREED})\b")
        for status in (Status.NOT_CONTACTED, Status.WAITING, Status.PROPOSAL)
    },
    Status.WON: re.compile(rf"\b({REFUSED})\b"),
    Status.LOST: re.compile(r"\b(angenommen|nimmt an|zugesagt|zusage|accepted|agreed|approved)\b"),
    Action.DECLINE: re.compile(r"\b(kolleg\w+|colleague|nehme|uebernehme)\b"),
}
"""What speaks of another end than an answer does, looked for in the folded words of its line."""
