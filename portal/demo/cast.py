"""Who is in the demo: the vendor's people, partner firms with their profiles, groups and rules.

Data only. All firms and people are invented.
"""

from __future__ import annotations

from dataclasses import dataclass

PASSWORD = "firstcome-demo"  # noqa: S105 – everybody may know it
VENDOR = "Nordlicht Networks"
DOMAIN = "firstcome.example"
ALL = ("arvena", "halvex", "cordal", "lumetra", "tonvik", "pressano")

# mailbox, name, roles
VENDOR_PEOPLE = (
    ("manager", "Mara Lindqvist", ("channel_manager",)),
    ("admin", "Adrian Foss", ("admin",)),
    ("qualifier", "Quinn Sander", ("qualifier",)),
    ("pam", "Pamela Ortega", ("account_manager",)),
    ("operations", "Oskar Riedel", ("operations",)),
    ("quentin", "Quentin Marsh", ("qualifier",)),
    ("regional", "Renate Holm", ("regional_manager",)),
    ("paul", "Paul Desmet", ("account_manager",)),
    ("sales", "Sandra Keller", ("sales_manager",)),
    ("management", "Helene Brandt", ("management",)),
    ("direct", "Dirk Vossen", ("direct_sales",)),
    ("daria", "Daria Novak", ("direct_sales",)),
)

# who reports to whom, by mailbox
REPORTS = (("pam", "regional"), ("paul", "regional"), ("regional", "sales"))
# unit, the one it is a part of, who manages it, who works there, territories
OWN_FIELDS = (
    # about what, kind, English, German, whether partners read it before pickup
    ("lead", "whole", "Sites", "Standorte", True),
    ("lead", "day", "Present contract ends", "Heutiger Vertrag endet", False),
    ("partner", "yes_no", "Showroom", "Ausstellungsraum", False),
    ("customer", "text", "Cost centre", "Kostenstelle", False),
)

UNITS: tuple[tuple[str, str, str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("Sales", "", "sales", (), ()),
    ("Tele-sales", "Sales", "sales", ("qualifier", "quentin"), ()),
    ("Digital sales", "Sales", "sales", ("direct", "daria"), ()),
    ("Partner sales", "Sales", "regional", ("pam", "paul"), ()),
    ("Brand team", "", "manager", (), ()),
    ("Operations", "", "operations", ("operations",), ()),
)
DIRECT = "Digital sales"
ACCOUNT_MANAGERS = ("pam", "paul")
"""The first answers for the partners in Germany, Austria and Switzerland, the second for others."""
PHONES = {"pam": "+49 40 5550 1174", "paul": "+31 40 555 0182"}


@dataclass(frozen=True, slots=True)
class Firm:
    """A partner firm; `people` are (mailbox, name, roles), the others get invented names."""

    name: str
    domain: str
    city: str
    level: str
    territories: tuple[str, ...]
    brands: tuple[str, ...] = ALL
    reps: int = 2
    people: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    specialisations: tuple[str, ...] = ("networking",)
    certifications: tuple[str, ...] = ()
    industries: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()
    capacity: int = 10
    rep_capacity: int = 5
    size: int = 20
    distributor: bool = False
    parent: str = ""


REP, MANAGER, BOSS = ("partner_rep",), ("partner_manager",), ("partner_manager", "partner_rep")

DELTA, OOSTLAND = "Delta Distribution", "Oostland Distributie"
ALPHA, BETA, GAMMA = "Alpha Systems", "Beta Networks", "Gamma IT"
NORTHERN = ("DE-NI", "DE-HB", "DE-HH", "DE-ST")

FIRMS: tuple[Firm, ...] = (
    Firm(
        DELTA,
        "delta-distribution.example",
        "Hamburg",
        "platinum",
        ("DE", "AT"),
        ("cordal", "pressano"),
        people=(
            ("dora", "Dora Albrecht", ("distributor_manager",)),
            ("diego", "Diego Thomsen", ("distributor_sales",)),
            ("dunja", "Dunja Krall", ("distributor_sales",)),
        ),
        reps=0,
        specialisations=("storage", "printing"),
        size=180,
        distributor=True,
    ),
    Firm(
        OOSTLAND,
        "oostland-distributie.example",
        "Eindhoven",
        "gold",
        ("NL", "BE"),
        people=(
            ("olga", "Olga Verbeek", ("distributor_manager",)),
            ("otto", "Otto de Wit", ("distributor_sales",)),
        ),
        reps=0,
        specialisations=("networking", "communication"),
        size=95,
        distributor=True,
    ),
    Firm(
        ALPHA,
        "alpha-systems.example",
        "Hanover",
        "gold",
        NORTHERN,
        people=(
            ("alice", "Alice Arendt", REP),
            ("alan", "Alan Brandes", REP),
            ("anna", "Anna Amsel", MANAGER),
        ),
        reps=0,
        specialisations=("networking", "wireless", "security", "storage"),
        certifications=("arvena_expert", "halvex_engineer", "iso_27001"),
        industries=("manufacturing", "education", "food", "public_sector"),
        capacity=60,
        rep_capacity=25,
        size=48,
    ),
    Firm(
        BETA,
        "beta-networks.example",
        "Braunschweig",
        "gold",
        NORTHERN,
        people=(
            ("bob", "Bob Petrov", REP),
            ("britta", "Britta Sommerfeld", REP),
            ("berta", "Berta Wolters", MANAGER),
        ),
        reps=0,
        specialisations=("networking", "wireless", "communication", "printing"),
        certifications=("arvena_associate", "tonvik_voice"),
        industries=(),
        capacity=60,
        rep_capacity=25,
        size=31,
        parent=DELTA,
    ),
    Firm(
        GAMMA,
        "gamma-it.example",
        "Vienna",
        "gold",
        ("AT",),
        people=(("carol", "Carol Winkler", REP), ("gerda", "Gerda Maurer", MANAGER)),
        reps=1,
        specialisations=("networking", "security"),
        certifications=("arvena_associate", "iso_9001"),
        capacity=20,
        rep_capacity=12,
        size=26,
    ),
    Firm(
        "Weserkontor IT",
        "weserkontor.example",
        "Bremen",
        "silver",
        ("DE-NI", "DE-HB"),
        ("arvena", "halvex", "tonvik", "lumetra"),
        specialisations=("wireless", "communication"),
        certifications=("arvena_associate",),
    ),
    Firm(
        "Elbwinkel Systemhaus",
        "elbwinkel.example",
        "Hamburg",
        "authorised",
        ("DE-HH", "DE-SH", "DE-NI"),
        reps=3,
        specialisations=("security", "managed_services"),
        certifications=("halvex_engineer",),
        size=64,
    ),
    Firm(
        "Harzblick Datentechnik",
        "harzblick.example",
        "Göttingen",
        "registered",
        ("DE-NI", "DE-ST", "DE-TH"),
        ("arvena", "pressano"),
        reps=1,
        size=6,
        parent=DELTA,
    ),
    Firm(
        "Omnikreis Systemhaus",
        "omnikreis.example",
        "Kassel",
        "platinum",
        ("DE",),
        ("arvena", "halvex", "cordal"),
        reps=3,
        specialisations=("networking", "security", "storage", "cloud"),
        certifications=("arvena_expert", "cordal_architect", "iso_27001"),
        sizes=("250_999", "1000_4999", "5000_up"),
        size=320,
        capacity=25,
    ),
    Firm(
        "Spreewerft Systemhaus",
        "spreewerft.example",
        "Berlin",
        "gold",
        ("DE-BE", "DE-BB"),
        reps=3,
        specialisations=("cloud", "workplace", "networking"),
        certifications=("lumetra_installer", "iso_9001"),
        size=72,
    ),
    Firm(
        "Pleißenetz",
        "pleissenetz.example",
        "Leipzig",
        "silver",
        ("DE-SN", "DE-ST", "DE-TH"),
        specialisations=("networking", "industrial"),
        parent=DELTA,
    ),
    Firm(
        "Rheinufer Computer",
        "rheinufer-computer.example",
        "Cologne",
        "gold",
        ("DE-NW", "DE-RP"),
        specialisations=("workplace", "printing"),
        certifications=("pressano_service", "lumetra_installer"),
        size=38,
    ),
    Firm(
        "Zechenlicht IT",
        "zechenlicht.example",
        "Dortmund",
        "authorised",
        ("DE-NW",),
        specialisations=("industrial", "surveillance"),
        industries=("manufacturing", "chemicals_materials", "energy", "travel_transport"),
    ),
    Firm(
        "Mainbogen Systeme",
        "mainbogen.example",
        "Frankfurt am Main",
        "gold",
        ("DE-HE", "DE-RP", "DE-NW"),
        reps=3,
        specialisations=("security", "cloud"),
        certifications=("halvex_engineer", "iso_27001"),
        size=110,
    ),
    Firm(
        "Neckarfunk",
        "neckarfunk.example",
        "Stuttgart",
        "silver",
        ("DE-BW",),
        specialisations=("wireless", "industrial"),
        certifications=("arvena_expert",),
    ),
    Firm(
        "Isarnetzwerk",
        "isarnetzwerk.example",
        "Munich",
        "platinum",
        ("DE-BY", "DE-BW"),
        reps=3,
        specialisations=("networking", "workplace", "communication"),
        certifications=("arvena_expert", "tonvik_voice"),
        size=85,
    ),
    Firm(
        "Frankenkabel",
        "frankenkabel.example",
        "Nuremberg",
        "authorised",
        ("DE-BY", "DE-TH"),
        specialisations=("networking",),
        parent=DELTA,
    ),
    Firm(
        "Donaukreis Technik",
        "donaukreis.example",
        "Linz",
        "silver",
        ("AT",),
        specialisations=("storage", "networking"),
        certifications=("cordal_architect",),
    ),
    Firm(
        "Murtalnetz",
        "murtalnetz.example",
        "Graz",
        "registered",
        ("AT-6", "AT-4", "AT-9"),
        people=(("office", "Konrad Zöhrer", BOSS),),
        reps=0,
        size=3,
    ),
    Firm(
        "Limmatwerk Informatik",
        "limmatwerk.example",
        "Zurich",
        "gold",
        ("CH",),
        reps=3,
        specialisations=("security", "cloud"),
        certifications=("halvex_engineer",),
        size=57,
    ),
    Firm(
        "Aareschlaufe IT",
        "aareschlaufe.example",
        "Bern",
        "authorised",
        ("CH",),
        people=(("hallo", "Regula Zbinden", BOSS),),
        reps=1,
        size=9,
    ),
    Firm(
        "Réseaux du Léman",
        "reseaux-leman.example",
        "Lausanne",
        "silver",
        ("CH",),
        specialisations=("communication", "wireless"),
    ),
    Firm(
        "Polderlink",
        "polderlink.example",
        "Utrecht",
        "silver",
        ("NL",),
        specialisations=("networking", "cloud"),
        parent=OOSTLAND,
    ),
    Firm(
        "Maaskade IT",
        "maaskade.example",
        "Rotterdam",
        "gold",
        ("NL", "BE"),
        specialisations=("wireless", "industrial"),
        industries=("travel_transport", "wholesale", "food", "manufacturing", "retail"),
        parent=OOSTLAND,
    ),
    Firm(
        "Scheldebocht Networks",
        "scheldebocht.example",
        "Antwerp",
        "authorised",
        ("BE", "NL"),
        specialisations=("security",),
        parent=OOSTLAND,
    ),
    Firm(
        "Garonne Réseaux",
        "garonne-reseaux.example",
        "Bordeaux",
        "silver",
        ("FR",),
        specialisations=("networking", "wireless"),
    ),
    Firm(
        "Octaline",
        "octaline.example",
        "Lyon",
        "gold",
        ("FR",),
        specialisations=("storage", "cloud"),
        certifications=("cordal_architect",),
        reps=3,
    ),
    Firm(
        "Clairvoie Informatique",
        "clairvoie.example",
        "Paris",
        "authorised",
        ("FR",),
        specialisations=("workplace", "communication"),
    ),
    Firm("Wawel Sieci", "wawel-sieci.example", "Kraków", "silver", ("PL",)),
    Firm(
        "Mazurnet",
        "mazurnet.example",
        "Warsaw",
        "authorised",
        ("PL",),
        specialisations=("security", "networking"),
    ),
    Firm(
        "Thornquay Networks",
        "thornquay.example",
        "Bristol",
        "silver",
        ("GB",),
        specialisations=("networking", "wireless"),
    ),
    Firm(
        "Pennine Cabling",
        "pennine-cabling.example",
        "Leeds",
        "authorised",
        ("GB",),
        specialisations=("networking", "surveillance"),
    ),
    Firm(
        "Harbour Lane IT",
        "harbourlane.example",
        "London",
        "gold",
        ("GB",),
        reps=3,
        specialisations=("cloud", "security", "workplace"),
        certifications=("iso_27001",),
        size=74,
    ),
    Firm(
        "Lakeshore Datacom",
        "lakeshore-datacom.example",
        "Chicago",
        "gold",
        ("US-IL", "US-WI", "US-NY"),
        specialisations=("networking", "storage"),
    ),
    Firm(
        "Bayline Systems",
        "bayline.example",
        "San Francisco",
        "silver",
        ("US",),
        specialisations=("cloud", "workplace"),
    ),
    Firm(
        "Hudson Ridge Tech",
        "hudsonridge.example",
        "New York",
        "silver",
        ("US-NY", "US-IL"),
        specialisations=("security", "communication"),
    ),
    Firm("Lone Mesa IT", "lonemesa.example", "Austin", "authorised", ("US-TX", "US-CA"), reps=1),
)

# name, note, members
MENTORS = "Mentors of new partners"
SCHOOLS = "School circle"
EXPERTS = "Wi-Fi experts"
IN_FRENCH = "At home in French"
SPOKEN = {
    "DE": ("de",),
    "AT": ("de",),
    "CH": ("de", "fr"),
    "FR": ("fr",),
    "BE": ("fr", "nl"),
    "NL": ("nl",),
    "PL": ("pl",),
}
"""What is spoken where a firm is, beside English."""
GROUPS = (
    (
        MENTORS,
        "They help a new partner through the first project.",
        (
            ALPHA,
            BETA,
            "Omnikreis Systemhaus",
            "Isarnetzwerk",
            "Limmatwerk Informatik",
            GAMMA,
            "Maaskade IT",
            "Octaline",
            "Harbour Lane IT",
            "Bayline Systems",
            "Wawel Sieci",
        ),
    ),
    (
        SCHOOLS,
        "Meets before each funding round.",
        (ALPHA, "Weserkontor IT", "Neckarfunk", "Spreewerft Systemhaus", "Thornquay Networks"),
    ),
    (
        "Print specialists",
        "",
        (DELTA, BETA, "Rheinufer Computer", "Harzblick Datentechnik"),
    ),
)

# conditions of the day: firm on holiday, firm that pauses, firm with an old debt
REFERS = "Weserkontor IT"
"""The firm that brings what was referred."""
AWAY, PAUSED, IN_DEBT = "Rheinufer Computer", "Harzblick Datentechnik", "Octaline"
SLOW = (IN_DEBT, "Pennine Cabling", "Mainbogen Systeme", "Frankenkabel", "Hudson Ridge Tech")

HEAR_BY_MAIL = frozenset({"Alice Arendt", "Alan Brandes", "Bob Petrov", "Carol Winkler"})
