"""Inquiries as they come in, and which of them are the same person's: for measuring duplicates.

All from own lists of names and a seed, so that a figure can be had again. Every inquiry of
somebody is written down anew, by another hand: legal forms left out, letters swapped, another
number, the private mailbox, the first name short. Beside them are those who only look alike:
colleagues, namesakes, firms of one name in two towns, firms of one house.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace


def _words(text: str) -> list[str]:
    return text.split()


FIRST = _words(
    "Anna Andreas Alexander Barbara Benjamin Bernd Birgit Carsten Christian Christina Claudia "
    "Daniel David Dieter Elena Elisabeth Emma Eva Felix Florian Francesca Frank Gabriele Georg "
    "Gerhard Giulia Hannah Heike Heinz Helena Henrik Ingrid Isabel Jan Jennifer Johannes John "
    "Jörg José Julia Jürgen Karin Karl Katharina Klaus Laura Lea Lena Luca Lukas Manfred Marco "
    "Margarete Maria Marie Markus Martin Matthias Maximilian Michael Monika Nicole Nina Olaf "
    "Oliver Olivier Patricia Paul Peter Petra Philip Pierre Rainer Richard Robert Sabine Samuel "
    "Sandra Sara Sebastian Silke Simon Sofia Stefan Susanne Sven Tanja Thomas Timothy Ulrich "
    "Ulrike Ursula Uwe Vanessa Viktor Walter Werner William Wolfgang Zoë Søren Åsa Łukasz René "
    "François Chloé Inés Björn Günther Käthe"
)
LAST = _words(
    "Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Schäfer Koch "
    "Bauer Richter Klein Wolf Schröder Neumann Schwarz Zimmermann Braun Krüger Hofmann Hartmann "
    "Lange Schmitt Werner Krause Meier Lehmann Schmid Schulze Maier Köhler Herrmann König Walter "
    "Mayer Huber Kaiser Fuchs Peters Lang Scholz Möller Weiß Jung Hahn Schubert Vogel Friedrich "
    "Keller Günther Frank Berger Winkler Roth Beck Lorenz Baumann Franke Albrecht Schuster Simon "
    "Ludwig Böhm Winter Kraus Martin Schumacher Krämer Vogt Stein Jäger Otto Sommer Groß Seidel "
    "Heinrich Brandt Haas Schreiber Graf Smith Jones Taylor Brown Williams Wilson Johnson Davies "
    "Patel Wright Walker White Thompson Hughes Dupont Durand Lefèvre Moreau Laurent Garnier "
    "Rousseau Rossi Russo Ferrari Esposito Bianchi García Fernández González Martínez Nilsson "
    "Lindström Sørensen Jørgensen Kowalski Nowak Wiśniewski Novák Horváth Kovács Yılmaz Kaya "
    "Öztürk Popescu Ivanov Jansen Visser Bakker Peeters Janssens"
)
STEMS = _words(
    "Nordlicht Alpen Hanse Rhein Elbe Isar Donau Falken Adler Linden Birken Kern Blau Gold "
    "Silber Stahl Eisen Quer Merk Tele Opti Medi Inno Tecno Vita Sola Aqua Terra Luma Nova Orbi "
    "Penta Quanta Rapid Sigma Tangra Ulti Vero Weser Xeno Zenit Argo Borea Calor Delphi Ergo "
    "Fjord Gneis Helio Ibex Jura Kobalt Limes Mira Nexo Octa Porta Riva Saxo Tauri Ursa Vektor "
    "Walden Yara Zirkon Castor Domus"
)
ENDINGS = ["tec", "werk", "plan", "soft", "lux", "med", "bau", "data", "flex", "form", "net", ""]
TRADES = _words(
    "Maschinenbau Logistik Elektrotechnik Software Consulting Medizintechnik Kunststofftechnik "
    "Immobilien Bau Spedition Anlagenbau Werkzeugbau Systemhaus Engineering Services Solutions "
    "Foods Textil Energie Pharma Labor Verpackung Metallbau Druck Möbel Gastronomie Automation "
    "Messtechnik Chemie Papier Architekten Ingénierie Transports Meccanica Alimentari "
    "Construcciones Networks Manufacturing"
)
LEGAL = [
    "GmbH",
    "AG",
    "GmbH & Co. KG",
    "KG",
    "e.K.",
    "UG (haftungsbeschränkt)",
    "SE",
    "Ltd.",
    "Inc.",
]
LEGAL += ["S.A.", "S.r.l.", "B.V.", "A/S", "Sp. z o.o.", "OHG", "gGmbH", "LLC", "plc", "AB", ""]
CITIES = [
    *(("Hannover", "30159", "511"), ("Hamburg", "20095", "40"), ("München", "80331", "89")),
    *(("Köln", "50667", "221"), ("Düsseldorf", "40213", "211"), ("Nürnberg", "90402", "911")),
    *(("Stuttgart", "70173", "711"), ("Leipzig", "04109", "341"), ("Bremen", "28195", "421")),
    *(("Göttingen", "37073", "551"), ("Kassel", "34117", "561"), ("Münster", "48143", "251")),
    *(("Lübeck", "23552", "451"), ("Würzburg", "97070", "931"), ("Kiel", "24103", "431")),
    *(("Dortmund", "44135", "231"), ("Essen", "45127", "201"), ("Mainz", "55116", "6131")),
]
STREETS = _words(
    "Hauptstraße Bahnhofstr. Gartenweg Industriestraße Lindenallee Marktplatz Ringstr."
)
FREE = ["gmail.com", "gmx.de", "web.de", "outlook.com", "t-online.de", "yahoo.com", "icloud.com"]
SHORT = {
    "Alexander": "Alex",
    "Andreas": "Andi",
    "Benjamin": "Ben",
    "Christian": "Chris",
    "Daniel": "Dan",
    "David": "Dave",
    "Elisabeth": "Lisa",
    "Johannes": "Hannes",
    "Katharina": "Kathrin",
    "Matthias": "Mathias",
    "Maximilian": "Max",
    "Michael": "Mike",
    "Philip": "Phil",
    "Richard": "Rick",
    "Robert": "Bob",
    "Samuel": "Sam",
    "Sebastian": "Basti",
    "Stefan": "Stephan",
    "Susanne": "Susi",
    "Thomas": "Tom",
    "Timothy": "Tim",
    "Ulrich": "Uli",
    "William": "Bill",
    "Wolfgang": "Wolf",
}
PLAIN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})
BARE = str.maketrans("äöüÄÖÜéèêëáàâíìóòúñçøåłśźżćńęąıİşğ", "aouAOUeeeeaaaiioouncoalszzcneaiIsg")


@dataclass(frozen=True, slots=True)
class Inquiry:
    """One inquiry as somebody wrote it down. `who` is who it truly is, `firm` where."""

    who: int
    firm: int
    company: str
    first_name: str
    last_name: str
    email: str
    phone: str
    domain: str
    street: str
    postcode: str
    city: str
    country: str = "DE"


def make(people: int, seed: int) -> list[Inquiry]:
    """Return the inquiries of so many people, about one in three of whom asked more than once."""
    dice = random.Random(seed)
    found: list[Inquiry] = []
    for first in _people(dice, people):
        times = dice.choices((1, 2, 3), (67, 25, 8))[0]
        found.append(first)
        found += [_again(dice, first) for _time in range(times - 1)]
    dice.shuffle(found)
    return found


def _people(dice: random.Random, people: int) -> Iterator[Inquiry]:
    who = firm = 0
    while who < people:
        firm += 1
        for house in _house(dice, firm):
            for person in _staff(dice, house):
                who += 1
                yield replace(person, who=who)


def _house(dice: random.Random, firm: int) -> Iterator[Inquiry]:
    """Yield a firm, now and then with a sister of its name elsewhere, or of its house next door."""
    city, postcode, area = dice.choice(CITIES)
    named_after = dice.random() < 0.3
    last = dice.choice(LAST)
    stem = last if named_after else dice.choice(STEMS) + dice.choice(ENDINGS)
    trade = dice.choice(TRADES) if named_after or dice.random() < 0.6 else ""
    mark = "" if dice.random() < 0.8 else " " + dice.choice(LAST)
    joined = dice.random()
    name = f"{stem} & {dice.choice(LAST)} {trade}" if joined < 0.1 else f"{stem}{mark} {trade}"
    name = f"{' '.join(name.split())} {dice.choice(LEGAL)}".strip()
    number = f"+49{area}{dice.randrange(10_000, 999_999)}"
    own = _host(f"{stem}-{trade}" if trade and dice.random() < 0.8 else stem)
    # a host is one firm's
    host = own if dice.random() < 0.75 else f"{own.removesuffix('.de')}{firm % 997}.de"
    one = Inquiry(
        who=0,
        firm=firm,
        company=name,
        first_name="",
        last_name="",
        email="",
        phone=number,
        domain=host,
        street=f"{dice.choice(STREETS)} {dice.randrange(1, 140)}",
        postcode=f"{postcode[:3]}{dice.randrange(100):02}",
        city=city,
    )
    yield one
    if dice.random() < 0.06:
        other, code, its_area = dice.choice([one for one in CITIES if one[0] != city])
        yield replace(
            one,
            firm=-firm,
            city=other,
            postcode=f"{code[:3]}{dice.randrange(100):02}",
            phone=f"+49{its_area}{dice.randrange(10_000, 999_999)}",
            domain=_host(f"{stem}-{other}"),
            street=f"{dice.choice(STREETS)} {dice.randrange(1, 140)}",
        )
    elif dice.random() < 0.05:
        sister = f"{stem} {dice.choice(TRADES)} {dice.choice(LEGAL)}".strip()
        yield replace(one, firm=-firm, company=sister)


def _staff(dice: random.Random, house: Inquiry) -> Iterator[Inquiry]:
    taken: set[str] = set()
    for _person in range(dice.choices((1, 2, 3, 5), (60, 22, 12, 6))[0]):
        first, last = dice.choice(FIRST), dice.choice(LAST)
        email = _mailbox(dice, first, last, house.domain)
        if email in taken:
            continue
        taken.add(email)
        extension = f"{dice.randrange(10, 99)}" if dice.random() < 0.7 else ""
        yield replace(
            house,
            first_name=first,
            last_name=last,
            email=email,
            phone=house.phone + extension,
        )


def _host(words: str) -> str:
    return words.lower().translate(PLAIN).translate(BARE).replace(" ", "") + ".de"


def _mailbox(dice: random.Random, first: str, last: str, host: str) -> str:
    first, last = (one.lower().translate(PLAIN).translate(BARE) for one in (first, last))
    way = dice.choice((f"{first}.{last}", f"{first[0]}.{last}", f"{last}", f"{first[0]}{last}"))
    return f"{way}@{host}"


def _again(dice: random.Random, said: Inquiry) -> Inquiry:
    """Write the same person down once more, as another hand does."""
    made = replace(
        said,
        company=_company(dice, said.company, said.city),
        first_name=_first(dice, said.first_name),
        last_name=_word(dice, said.last_name),
    )
    if dice.random() < 0.04:
        made = replace(made, first_name=made.last_name, last_name=made.first_name)
    made = replace(made, email=_email(dice, said), phone=_phone(dice, said))
    if dice.random() < 0.45:
        made = replace(made, domain="")
    if dice.random() < 0.4:
        made = replace(made, street="")
    elif dice.random() < 0.5:
        made = replace(made, street=made.street.replace("straße", "str."))
    if dice.random() < 0.3:
        made = replace(made, postcode="")
    elif dice.random() < 0.05:
        made = replace(made, postcode=_slip(dice, made.postcode, "0123456789"))
    if dice.random() < 0.2:
        made = replace(made, city="")
    elif dice.random() < 0.3:
        made = replace(made, city=made.city.translate(PLAIN))
    return made


def _company(dice: random.Random, name: str, city: str) -> str:
    words = name
    chance = dice.random()
    if chance < 0.05:
        return ""
    if chance < 0.4:
        for legal in sorted(LEGAL, key=len, reverse=True):
            if legal and words.endswith(legal):
                words = words.removesuffix(legal).strip()
                break
    elif chance < 0.5:
        words = words.replace("GmbH", "Gesellschaft mbH").replace("e.K.", "e. K.")
    if dice.random() < 0.3:
        words = words.replace("&", dice.choice(("und", "+", "and")))
    if dice.random() < 0.1:
        words = words.split(" ")[0]
    if dice.random() < 0.07:
        words = f"{words} {city}"
    if dice.random() < 0.1:
        words = words.replace(" ", "-", 1) if dice.random() < 0.5 else words.replace(" ", "", 1)
    if dice.random() < 0.15:
        words = words.upper() if dice.random() < 0.5 else words.lower()
    return _word(dice, words)


def _word(dice: random.Random, word: str) -> str:
    chance = dice.random()
    if chance < 0.25:
        return word.translate(PLAIN)
    if chance < 0.35:
        return word.translate(BARE)
    if chance < 0.45 and len(word) > 4:
        return _slip(dice, word, "abcdefghiklmnoprstu")
    return word


def _slip(dice: random.Random, word: str, letters: str) -> str:
    at = dice.randrange(1, len(word) - 1)
    return dice.choice(
        (
            word[:at] + word[at + 1 :],
            word[:at] + dice.choice(letters) + word[at:],
            word[:at] + dice.choice(letters) + word[at + 1 :],
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        )
    )


def _first(dice: random.Random, name: str) -> str:
    chance = dice.random()
    if chance < 0.12:
        return ""
    if chance < 0.22:
        return f"{name[0]}."
    if chance < 0.4:
        return SHORT.get(name, name)
    return _word(dice, name)


def _email(dice: random.Random, said: Inquiry) -> str:
    chance = dice.random()
    if chance < 0.52:
        return said.email
    if chance < 0.64:
        return ""
    if chance < 0.72:
        return f"{dice.choice(('info', 'office', 'kontakt'))}@{said.domain}"
    if chance < 0.82:
        host = dice.choice(FREE)
        return _mailbox(dice, said.first_name, said.last_name, host)
    if chance < 0.9:
        return _mailbox(dice, said.first_name, said.last_name, said.domain)
    local, _sign, host = said.email.partition("@")
    if dice.random() < 0.5:
        return f"{local}@{_slip(dice, host.removesuffix('.de'), 'aeiounrst')}.de"
    return f"{_slip(dice, local, 'aeiounrst')}@{host}" if len(local) > 3 else said.email


def _phone(dice: random.Random, said: Inquiry) -> str:
    chance = dice.random()
    if chance < 0.55:
        return said.phone
    if chance < 0.7:
        return ""
    if chance < 0.85:
        return f"+49{dice.choice((151, 160, 170, 172, 175, 179))}{dice.randrange(10**6, 10**7)}"
    if chance < 0.93:
        return said.phone[:-2] + f"{dice.randrange(100):02}"
    return _slip(dice, said.phone[1:], "0123456789").join(("+", ""))
