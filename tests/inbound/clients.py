"""How mail programs quote the mail that they answer, in German and in English.

Each takes what somebody writes and the text that his program quotes, and returns the text of the
answer as it comes in. Many quote the HTML of a mail, and rewrite its links.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable

Client = Callable[[str, str], str]

ADDRESS = "fb+k7qz2k7qz2k7qz2k7qz2k7qz2@in.firstcome.example"
DE, EN = "de", "en"


def marked(text: str, width: int = 0, mark: str = "> ") -> str:
    """Return a text quoted line by line, longer lines broken."""
    lines: list[str] = []
    for line in text.strip().splitlines():
        lines += textwrap.wrap(line, width, break_long_words=False) or [""] if width else [line]
    return "\n".join(f"{mark}{line}".rstrip() for line in lines)


def safe(text: str) -> str:
    """Return a text whose links lead through a scanner."""
    return re.sub(
        r"https?://[^\s>]+",
        "https://eur01.safelinks.protection.outlook.com/?url=x&data=05%7C02%7C",
        text,
    )


def header(*lines: str) -> str:
    return "\n".join(lines)


HEADERS = {
    DE: (
        f"Von: Firstcome <{ADDRESS}>",
        "Gesendet: Montag, 16. November 2026 10:00",
        "An: Alice Ainsworth <alice@partner.example>",
        "Betreff: Re: Heißer Lead L-20418: Replace 14 ageing network cabinets",
    ),
    EN: (
        f"From: Firstcome <{ADDRESS}>",
        "Sent: Monday, November 16, 2026 10:00 AM",
        "To: Alice Ainsworth <alice@partner.example>",
        "Subject: Re: Hot lead L-20418: Replace 14 ageing network cabinets",
    ),
}
RULE = "_" * 32


def gmail_de(own: str, sent: str) -> str:
    said = "Am Mo., 16. Nov. 2026 um 10:00 Uhr schrieb Firstcome <\n" + f"{ADDRESS}>:"
    return f"{own}\n\n{said}\n\n{marked(sent, 76)}\n"


def gmail_en(own: str, sent: str) -> str:
    said = f"On Mon, Nov 16, 2026 at 10:00\u202fAM Firstcome <{ADDRESS}>\nwrote:"
    return f"{own}\n\n{said}\n\n{marked(sent, 76)}\n"


def outlook_classic_de(own: str, sent: str) -> str:
    return f"{own}\n\n\n{header(*HEADERS[DE])}\n\n{safe(sent)}"


def outlook_classic_en(own: str, sent: str) -> str:
    return f"{own}\n\n-----Original Message-----\n{header(*HEADERS[EN])}\n\n{safe(sent)}"


def outlook_new_de(own: str, sent: str) -> str:
    return f"{own}\n{RULE}\n{header(*HEADERS[DE])}\n\n{safe(sent)}"


def outlook_mobile_de(own: str, sent: str) -> str:
    below = "Gesendet von Outlook für Android<https://aka.ms/AAb9ysg>"
    return f"{own}\n\n{below}\n{RULE}\n{header(*HEADERS[DE])}\n\n{sent}"


def outlook_mobile_en(own: str, sent: str) -> str:
    below = "Get Outlook for iOS<https://aka.ms/o0ukef>"
    return f"{own}\n\n{below}\n{RULE}\n{header(*HEADERS[EN])}\n\n{sent}"


def outlook_bold_de(own: str, sent: str) -> str:
    bold = [re.sub(r"^(\w+):", r"*\1:*", line) for line in HEADERS[DE]]
    return (
        f"{own}\n\nMit freundlichen Grüßen\nAlice Ainsworth\nBeta GmbH\n\n{header(*bold)}\n\n{sent}"
    )


def apple_ios_de(own: str, sent: str) -> str:
    said = f"Am 16.11.2026 um 10:00 schrieb Firstcome <{ADDRESS}>:"
    return f"{own}\n\nVon meinem iPhone gesendet\n\n> {said}\n> \n> \ufeff{marked(sent)[2:]}\n"


def apple_macos_en(own: str, sent: str) -> str:
    said = f"On 16. Nov 2026, at 10:00, Firstcome <{ADDRESS}> wrote:"
    return f"{own}\n\n> {said}\n> \n{marked(sent)}\n"


def thunderbird_top_de(own: str, sent: str) -> str:
    return f"{own}\n\nAm 16.11.2026 um 10:00 schrieb Firstcome:\n{marked(sent, 72)}\n"


def thunderbird_bottom_de(own: str, sent: str) -> str:
    said = f"Am 16.11.2026 um 10:00 schrieb Firstcome:\n{marked(sent, 72)}"
    return f"{said}\n\n{own}\n\n-- \nAlice\nBeta\n"


def thunderbird_between_en(own: str, sent: str) -> str:
    above, _mark, below = marked(sent, 72).partition("\n>\n")
    return f"On 16/11/2026 10:00, Firstcome wrote:\n{above}\n\n{own}\n\n{below}\n"


def gmx_de(own: str, sent: str) -> str:
    block = (
        '*Gesendet:* Montag, 16. November 2026 um 10:00\n*Von:* "Firstcome" <' + f"{ADDRESS}>\n"
        "*An:* alice@gmx.example\n*Betreff:* Re: Heißer Lead L-20418"
    )
    return f"{own}\n \n \n\n{block}\n{sent}"


def web_de_de(own: str, sent: str) -> str:
    block = (
        f"Gesendet: Montag, 16. November 2026 um 10:00 Uhr\nVon: Firstcome <{ADDRESS}>\n"
        "An: alice@web.example\nBetreff: Re: Heißer Lead L-20418"
    )
    below = "--\nDiese Nachricht wurde von meinem Android Mobiltelefon mit WEB.DE Mail gesendet."
    return f"{own}\n{below}\n\n{block}\n\n{sent}"


def t_online_de(own: str, sent: str) -> str:
    block = (
        "-----Original-Nachricht-----\nBetreff: Re: Heißer Lead L-20418\n"
        f'Datum: 2026-11-16T10:00:00+0100\nVon: "Firstcome" <{ADDRESS}>\nAn: alice@t-online.example'
    )
    return f"{own}\n\n{block}\n\n{sent}"


def notes_de(own: str, sent: str) -> str:
    block = (
        f'Von:\t"Firstcome" <{ADDRESS}>\nAn:\talice@partner.example\nDatum:\t16.11.2026 10:00\n'
        "Betreff:\tRe: Heißer Lead L-20418"
    )
    below = "Mit freundlichen Grüßen / Best regards\n\nAlice Ainsworth"
    return f"{own}\n\n{below}\n\n\n\n{block}\n\n\n\n{sent}"


def notes_en(own: str, sent: str) -> str:
    said = f'"Firstcome" <{ADDRESS}> wrote on 16.11.2026 10:00:05:'
    return f"{own}\n\n{said}\n\n{marked(sent)}\n"


def k9_de(own: str, sent: str) -> str:
    said = f"Am 16. November 2026 10:00:05 MEZ schrieb Firstcome <{ADDRESS}>:"
    below = "-- \nDiese Nachricht wurde von meinem Android-Gerät mit K-9 Mail gesendet."
    return f"{own}\n{below}\n\n{said}\n{marked(sent, mark='>')}\n"


def samsung_de(own: str, sent: str) -> str:
    block = (
        f"-------- Ursprüngliche Nachricht --------\nVon: Firstcome <{ADDRESS}>\n"
        "Datum: 16.11.26 10:00 (GMT+01:00)\nAn: alice@partner.example\nBetreff: Re: Heißer Lead"
    )
    return f"{own}\n\n\nVon meinem Samsung Galaxy Smartphone gesendet.\n\n{block}\n\n{sent}"


def samsung_en(own: str, sent: str) -> str:
    block = (
        f"-------- Original message --------\nFrom: Firstcome <{ADDRESS}>\n"
        "Date: 16/11/2026 10:00 (GMT+01:00)\nTo: alice@partner.example\nSubject: Re: Hot lead"
    )
    return f"{own}\n\nSent from my Galaxy\n\n{block}\n\n{sent}"


def proton_en(own: str, sent: str) -> str:
    said = f"On Monday, November 16th, 2026 at 10:00 AM, Firstcome <{ADDRESS}> wrote:"
    return f"{own}\n\nSent with Proton Mail secure email.\n\n{said}\n\n{marked(sent)}\n"


def proton_de(own: str, sent: str) -> str:
    said = f"Firstcome <{ADDRESS}> schrieb am Montag, 16. November 2026 um 10:00:"
    return f"{own}\n\nGesendet mit Proton Mail sichere E-Mail.\n\n{said}\n\n{marked(sent)}\n"


def yahoo_de(own: str, sent: str) -> str:
    said = (
        f"Am Montag, 16. November 2026 um 10:00:00 MEZ hat Firstcome\n<{ADDRESS}> Folgendes "
        "geschrieben:"
    )
    return f" {own}\n\n    {said}\n \n {sent}"


def yahoo_mobile_en(own: str, sent: str) -> str:
    said = f"On Monday, November 16, 2026, 10:00 AM, Firstcome <{ADDRESS}> wrote:"
    return f"{own}\n\nSent from Yahoo Mail for iPhone\n\n{said}\n\n{sent}"


def david_de(own: str, sent: str) -> str:
    block = (
        "[Original Message processed by david®]\nRe: Heißer Lead L-20418\t16.11.2026 10:00\n"
        f"Von:\tFirstcome <{ADDRESS}>\nAn:\talice@partner.example\nDatum:\t16.11.2026"
    )
    return f"{own}\n\n{block}\n\n{sent}"


def owa_en(own: str, sent: str) -> str:
    block = header(*(line.replace("From:", "From: ") for line in HEADERS[EN]))
    return f"{own}\n\nKind regards,\nAlice\n\n{RULE}{RULE}\n{block}\n\n{safe(sent)}"


def zimbra_de(own: str, sent: str) -> str:
    block = (
        f'Von: "Firstcome" <{ADDRESS}>\nAn: "Alice" <alice@partner.example>\n'
        "Gesendet: Montag, 16. November 2026 10:00:00\nBetreff: Re: Heißer Lead L-20418"
    )
    return f"{own}\n\n\n----- Ursprüngliche Mail -----\n{block}\n\n{sent}"


def em_client_de(own: str, sent: str) -> str:
    block = (
        f'------ Originalnachricht ------\nVon "Firstcome" <{ADDRESS}>\nAn alice@partner.example\n'
        "Datum 16.11.2026 10:00:05\nBetreff Re: Heißer Lead L-20418"
    )
    return f"{own}\n\n{block}\n\n{marked(sent, mark='>')}\n"


def spark_de(own: str, sent: str) -> str:
    said = f"Am 16. Nov. 2026, 10:00 +0100 schrieb Firstcome <{ADDRESS}>:"
    return f"{own}\n\nGesendet mit Spark\n{said}\n{marked(sent)}\n"


def windows_mail_de(own: str, sent: str) -> str:
    return f"{own}\n\nGesendet von Mail für Windows\n\n{header(*HEADERS[DE])}\n\n{sent}"


def windows_mail_en(own: str, sent: str) -> str:
    return f"{own}\n\nSent from Mail for Windows\n\n{header(*HEADERS[EN])}\n\n{sent}"


def fairemail_en(own: str, sent: str) -> str:
    said = f"16 Nov 2026 10:00:05 Firstcome <{ADDRESS}>:"
    return f"{own}\n\n{said}\n\n{marked(sent)}\n"


def telekom_mobile_de(own: str, sent: str) -> str:
    block = (
        "-----Ursprüngliche Nachricht-----\nVon: Firstcome\nDatum: 16.11.2026 10:00\n"
        "An: Alice\nBetreff: Re: Heißer Lead"
    )
    return f"{own}\n\nGesendet mit der Telekom Mail App\n\n{block}\n\n{sent}"


def gmail_fr(own: str, sent: str) -> str:
    said = f"Le lun. 16 nov. 2026 à 10:00, Firstcome <{ADDRESS}> a\nécrit :"
    return f"{own}\n\n{said}\n\n{marked(sent, 76)}\n"


def no_mark_de(own: str, sent: str) -> str:
    """A program that quotes and says nothing about it."""
    return f"{own}\n\n{sent}"


def below_no_mark_en(own: str, sent: str) -> str:
    return f"{sent}\n\n{own}"


CLIENTS: dict[str, tuple[str, Client]] = {
    name: (DE if name.endswith("_de") else EN, client)
    for name, client in list(globals().items())
    if name.endswith(("_de", "_en", "_fr")) and callable(client)
}
