"""Cities of the demo with the centres that maps give them, and what people there are called.

Data only. In patterns `#` is a digit; phone numbers are those kept for films where a country has
some.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class City:
    """A city: ISO codes, degrees, pattern of a phone number, pattern of a postcode."""

    name: str
    country: str
    subdivision: str
    latitude: float
    longitude: float
    phone: str
    postcode: str


def _city(name: str, code: str, lat: float, lon: float, phone: str, postcode: str) -> City:
    return City(name, code[:2], code, lat, lon, phone, postcode)


NORTH = (
    _city("Hanover", "DE-NI", 52.374, 9.739, "+49 511 5550 ###", "301#9"),
    _city("Braunschweig", "DE-NI", 52.266, 10.527, "+49 531 5550 ###", "381#6"),
    _city("Oldenburg", "DE-NI", 53.144, 8.214, "+49 441 5550 ###", "261#3"),
    _city("Osnabrück", "DE-NI", 52.273, 8.047, "+49 541 5550 ###", "490#4"),
    _city("Göttingen", "DE-NI", 51.534, 9.936, "+49 551 5550 ###", "370#7"),
    _city("Hildesheim", "DE-NI", 52.151, 9.951, "+49 5121 555 ###", "311#4"),
    _city("Lüneburg", "DE-NI", 53.251, 10.415, "+49 4131 555 ###", "213#7"),
    _city("Wolfsburg", "DE-NI", 52.422, 10.787, "+49 5361 555 ###", "384#6"),
    _city("Celle", "DE-NI", 52.622, 10.081, "+49 5141 555 ###", "292#3"),
    _city("Bremen", "DE-HB", 53.076, 8.807, "+49 421 5550 ###", "281#9"),
    _city("Hamburg", "DE-HH", 53.551, 9.994, "+49 40 66969 ###", "200#7"),
    _city("Magdeburg", "DE-ST", 52.128, 11.629, "+49 391 5550 ###", "391#4"),
)
REGIONS: dict[str, tuple[City, ...]] = {
    "north": NORTH,
    "germany": (
        _city("Berlin", "DE-BE", 52.520, 13.405, "+49 30 23125 ###", "101#9"),
        _city("Potsdam", "DE-BB", 52.391, 13.065, "+49 331 5550 ###", "144#7"),
        _city("Leipzig", "DE-SN", 51.340, 12.375, "+49 341 5550 ###", "041#9"),
        _city("Dresden", "DE-SN", 51.051, 13.738, "+49 351 5550 ###", "010#7"),
        _city("Erfurt", "DE-TH", 50.979, 11.033, "+49 361 5550 ###", "990#4"),
        _city("Cologne", "DE-NW", 50.938, 6.960, "+49 221 4710 ###", "506#7"),
        _city("Dortmund", "DE-NW", 51.514, 7.466, "+49 231 5550 ###", "441#7"),
        _city("Münster", "DE-NW", 51.962, 7.626, "+49 251 5550 ###", "481#3"),
        _city("Mainz", "DE-RP", 49.993, 8.247, "+49 6131 555 ###", "551#6"),
        _city("Frankfurt am Main", "DE-HE", 50.111, 8.682, "+49 69 90009 ###", "603#3"),
        _city("Kassel", "DE-HE", 51.312, 9.480, "+49 561 5550 ###", "341#7"),
        _city("Stuttgart", "DE-BW", 48.776, 9.183, "+49 711 5550 ###", "701#4"),
        _city("Freiburg", "DE-BW", 47.999, 7.842, "+49 761 5550 ###", "791#8"),
        _city("Munich", "DE-BY", 48.137, 11.575, "+49 89 99998 ###", "803#6"),
        _city("Nuremberg", "DE-BY", 49.452, 11.077, "+49 911 5550 ###", "904#9"),
        _city("Kiel", "DE-SH", 54.323, 10.135, "+49 431 5550 ###", "241#3"),
    ),
    "austria": (
        _city("Vienna", "AT-9", 48.208, 16.373, "+43 1 5550 ###", "10#1"),
        _city("Graz", "AT-6", 47.071, 15.439, "+43 316 555 ###", "80#2"),
        _city("Linz", "AT-4", 48.306, 14.286, "+43 732 555 ###", "40#3"),
        _city("Salzburg", "AT-5", 47.809, 13.055, "+43 662 555 ###", "50#2"),
        _city("Innsbruck", "AT-7", 47.269, 11.404, "+43 512 555 ###", "60#3"),
    ),
    "switzerland": (
        _city("Zurich", "CH-ZH", 47.377, 8.542, "+41 44 555 0# ##", "80#4"),
        _city("Bern", "CH-BE", 46.948, 7.447, "+41 31 555 0# ##", "30#2"),
        _city("Lausanne", "CH-VD", 46.520, 6.634, "+41 21 555 0# ##", "10#3"),
        _city("Basel", "CH-BS", 47.559, 7.589, "+41 61 555 0# ##", "40#2"),
        _city("St. Gallen", "CH-SG", 47.424, 9.377, "+41 71 555 0# ##", "90#4"),
    ),
    "netherlands": (
        _city("Utrecht", "NL-UT", 52.091, 5.122, "+31 30 555 0###", "35#1 AB"),
        _city("Rotterdam", "NL-ZH", 51.922, 4.479, "+31 10 555 0###", "30#1 CD"),
        _city("Eindhoven", "NL-NB", 51.441, 5.478, "+31 40 555 0###", "56#1 EF"),
        _city("Groningen", "NL-GR", 53.219, 6.567, "+31 50 555 0###", "97#1 GH"),
        _city("Antwerp", "BE-VAN", 51.221, 4.400, "+32 3 555 0# ##", "20#8"),
    ),
    "france": (
        _city("Paris", "FR-75C", 48.857, 2.352, "+33 1 99 00 ## ##", "750#8"),
        _city("Lyon", "FR-69", 45.764, 4.836, "+33 4 65 71 ## ##", "690#8"),
        _city("Bordeaux", "FR-33", 44.838, -0.579, "+33 5 36 49 ## ##", "330#8"),
        _city("Lille", "FR-59", 50.629, 3.057, "+33 3 53 01 ## ##", "590#8"),
        _city("Nantes", "FR-44", 47.218, -1.554, "+33 2 61 91 ## ##", "440#8"),
    ),
    "poland": (
        _city("Kraków", "PL-12", 50.065, 19.945, "+48 12 555 0# ##", "31-0#4"),
        _city("Warsaw", "PL-14", 52.230, 21.012, "+48 22 555 0# ##", "00-1#4"),
        _city("Poznań", "PL-30", 52.406, 16.925, "+48 61 555 0# ##", "61-1#4"),
        _city("Gdańsk", "PL-22", 54.352, 18.647, "+48 58 555 0# ##", "80-1#4"),
    ),
    "britain": (
        _city("Bristol", "GB-BST", 51.455, -2.588, "+44 117 496 0###", "BS1 #TR"),
        _city("Leeds", "GB-LDS", 53.801, -1.549, "+44 113 496 0###", "LS1 #QP"),
        _city("London", "GB-LND", 51.507, -0.128, "+44 20 7946 0###", "EC1A #BB"),
        _city("Manchester", "GB-MAN", 53.481, -2.242, "+44 161 496 0###", "M1 #AE"),
    ),
    "america": (
        _city("Chicago", "US-IL", 41.878, -87.630, "+1 312 555 01##", "606#4"),
        _city("Milwaukee", "US-WI", 43.039, -87.906, "+1 414 555 01##", "532#4"),
        _city("San Francisco", "US-CA", 37.775, -122.419, "+1 415 555 01##", "941#7"),
        _city("New York", "US-NY", 40.713, -74.006, "+1 212 555 01##", "100#3"),
        _city("Austin", "US-TX", 30.267, -97.743, "+1 512 555 01##", "787#4"),
    ),
}
ZONES = {
    "DE": "Europe/Berlin",
    "AT": "Europe/Vienna",
    "CH": "Europe/Zurich",
    "NL": "Europe/Amsterdam",
    "BE": "Europe/Brussels",
    "FR": "Europe/Paris",
    "PL": "Europe/Warsaw",
    "GB": "Europe/London",
    "US": "America/Chicago",
}
GERMAN_SPEAKING = frozenset({"DE", "AT", "CH"})


@dataclass(frozen=True, slots=True)
class Names:
    """What people, firms and streets of a country are called."""

    first: tuple[str, ...]
    last: tuple[str, ...]
    heads: tuple[str, ...]
    tails: tuple[str, ...]
    streets: tuple[str, ...]


def _names(first: str, last: str, heads: str, tails: str, streets: str) -> Names:
    return Names(
        tuple(first.split()),
        tuple(last.split()),
        tuple(heads.split()),
        tuple(tails.split()),
        tuple(streets.split("|")),
    )


_GERMAN = _names(
    "Anke Birgit Carsten Dennis Elif Frauke Gesa Henning Ines Jannik Katrin Lars Miriam Nils Okan"
    " Petra Ralf Svenja Thorsten Ute Volker Wiebke Yasemin Bernd Daniela",
    "Albers Brinkmann Claasen Drewes Eggers Freese Grothe Harms Ihnen Janssen Kruse Lüders"
    " Mertens Niehaus Olbrich Petersen Quast Renken Siemers Terhorst Uhlig Voges Wiechmann Yildiz"
    " Zander Behrends Ostermann Tietjen",
    "Heide Linden Brock Wester Oster Hagen Buchen Erlen Kirch Lohn Mühlen Rehm Sand Tannen Ulmen"
    " Werre Weser Aller Birken Dreeßen Fuhr Hollen Immen Kranich",
    "berg brook mark hoff kamp rode horst bach hausen siek moor loh bruch stedt",
    "Am Kiebitzmoor|Lerchenweg|An der Mühlenau|Ziegeleiweg|Kastanienring|Am Alten Hafen",
)
NAMES: dict[str, Names] = {
    "DE": _GERMAN,
    "AT": _names(
        "Barbara Christoph Eva Franziska Georg Hannes Johanna Klemens Lukas Magdalena Raphael"
        " Stefanie",
        "Aigner Brandstätter Ebner Fuchsberger Hofstetter Kirchmayr Leitgeb Moosbrugger Pichler"
        " Rainer Steindl Wimmer",
        "Donau Enns Gams Hall Kahlen Lärchen Mur Trauner Wachau Ziller",
        "hof berg tal bach egg au kogel",
        "Rebenweg|Am Steinfeldgraben|Lindenbühelgasse|Seilergangl|Marillenweg",
    ),
    "CH": _names(
        "Beat Corinne Flurin Gian Heidi Jürg Livia Marcel Nadja Reto Seraina Urs",
        "Aeschlimann Brändli Caduff Däster Eggimann Gysin Hürlimann Inauen Känzig Lüthi"
        " Nägeli Rüegg",
        "Aare Reuss Säntis Limmat Rigi Tödi Thur Emmen Sihl Birs",
        "hof matt wil egg bach tal berg",
        "Mattenweg|Rebgasse|Im Baumgarten|Seehaldenweg|Chileweg",
    ),
    "NL": _names(
        "Annelies Bram Daan Esther Femke Gijs Hanneke Jeroen Lotte Maarten Niels Roos",
        "Bakhuizen Dijkstra Elzinga Groenewoud Hoekstra Kuipers Meulenbelt Noordhof Postma"
        " Rietveld Terpstra Zuidema",
        "Veen Polder Dijk Water Kromme Linge Maas Vecht Zand Rijn",
        "hof land stede burg horst dam veld",
        "Wilgenlaan|Oude Gracht|Molenpad|Havenkade|Kersentuin",
    ),
    "BE": _names(
        "Arne Britt Dries Ellen Jonas Katrien Lies Pieter Stijn Veerle",
        "Claeys Desmedt Goossens Hendrickx Lambrecht Maes Peeters Segers Vercauteren Wouters",
        "Schelde Leie Kempen Demer Nete Rupel",
        "hove gem beke donk rode",
        "Kloosterpad|Vaartkant|Lindendreef|Papenhof",
    ),
    "FR": _names(
        "Agathe Bastien Camille Delphine Étienne Florence Guillaume Hélène Jérôme Margaux Océane"
        " Thibault",
        "Aubertin Bonnefoy Chastel Delacour Fontanel Garnier Lambertin Marchal Noirel Perrault"
        " Roussel Vasseur",
        "Mont Val Roche Clair Belle Font Châtel Haute Grand Ville",
        "aubry evert menil ombre igny eval orge ereau",
        "12 rue des Tilleuls|quai des Chanoines|allée du Moulin|impasse des Lilas",
    ),
    "PL": _names(
        "Agnieszka Bartosz Dorota Ewelina Grzegorz Iwona Jacek Karolina Łukasz Małgorzata Paweł"
        " Zofia",
        "Adamczyk Borkowska Cieślak Dąbrowska Gajewski Jabłońska Kubiak Maciejewska Nowicki"
        " Pietrzak Sikora Wrona",
        "Wiśl Bor Kal Lub Zar Sand Tatr Odr Warn Mazow",
        "opol arex anka omex ibud owit",
        "ul. Jaśminowa|ul. Wierzbowa|ul. Młyńska|ul. Zielna",
    ),
    "GB": _names(
        "Abigail Callum Deborah Ewan Fiona Gareth Harriet Imran Joanna Kieran Lorraine Nigel"
        " Priya Rhys Siobhan",
        "Ashworth Bramley Coulthard Dunmore Entwistle Fairclough Garside Hartley Ibbotson"
        " Jessop Kershaw Lockwood Mahmood Okafor Pemberton Whitcombe",
        "Ash Bram Carl Dun Elm Fern Hather Kirk Lang Mar Rad Thorn Wen",
        "well ford combe mere thwaite ington bury wick ley",
        "Rookery Lane|Tanner's Yard|Quayside Walk|Copperfield Row|Millrace Close",
    ),
    "US": _names(
        "Amber Brandon Carmen Derek Elena Felicia Grant Heather Isaac Jasmine Kevin Latoya Miguel"
        " Rebecca Tyler",
        "Abernathy Boudreaux Castellano Delgado Eastwick Ferraro Gallagher Hendricks Iverson"
        " Kowalczyk Lindqvist Montoya Nakamura Ostrowski Redfern Vasquez",
        "Bluff Cedar Copper Fox Granite Iron Juniper Maple Prairie Sierra Timber Willow",
        "ridge haven crest line brook field port",
        "Juniper Trail|Old Mill Road|Harborview Drive|Cedar Bend|Foundry Street",
    ),
}
