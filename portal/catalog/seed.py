"""What a new programme starts with: industries, bands, sources, reasons, levels, skills, products.

Plain data, without session or clock. The rows are written once into the catalogue and are from
then on the channel manager's; nothing reads this file afterwards but the import, which takes the
spellings as its first vocabulary. Brands and products are made up.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from portal.catalog.models import Blame

Names = dict[str, str]


class Purpose(StrEnum):
    """The occasion on which somebody chooses a reason."""

    DECLINE = "decline"
    GIVE_BACK = "give_back"
    LOST = "lost"
    DISQUALIFY = "disqualify"
    CANCEL = "cancel"
    RECALL = "recall"
    EXTENSION = "extension"
    PAUSE = "pause"


@dataclass(frozen=True, slots=True)
class IndustrySeed:
    """One industry and the spellings under which real files name it."""

    key: str
    name: Names
    spellings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BandSeed:
    """A band from `lower` (included) up to the next band's lower end."""

    key: str
    name: Names
    lower: Decimal


@dataclass(frozen=True, slots=True)
class SourceSeed:
    """Where leads come from and what a partner may expect of them."""

    key: str
    name: Names
    expectation: Names
    spellings: tuple[str, ...]
    basis: str | None = None


@dataclass(frozen=True, slots=True)
class ReasonSeed:
    """A reason somebody may choose, and against whom it counts."""

    purpose: Purpose
    key: str
    name: Names
    blame: Blame
    spellings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LevelSeed:
    """A partner level; a higher rank is the better level."""

    key: str
    rank: int
    name: Names


@dataclass(frozen=True, slots=True)
class StandingSeed:
    """A class of customers, or a credit rating."""

    key: str
    name: Names


@dataclass(frozen=True, slots=True)
class SpecialisationSeed:
    """What a partner is good at."""

    key: str
    name: Names


@dataclass(frozen=True, slots=True)
class BrandSeed:
    """A brand the programme sells."""

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class CertificationSeed:
    """A certificate a partner may hold; `brand` is None where it belongs to no brand."""

    key: str
    name: Names
    brand: str | None


@dataclass(frozen=True, slots=True)
class ProductSeed:
    """Goods or a service of a brand, and the specialisation it asks for."""

    key: str
    brand: str
    name: Names
    specialisation: str
    service: bool = False


def _names(en: str, de: str) -> Names:
    return {"en": en, "de": de}


def _spellings(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split("|") if part.strip())


INDUSTRIES: tuple[IndustrySeed, ...] = (
    IndustrySeed(
        "software_it",
        _names("Software and IT services", "Software und IT-Dienste"),
        _spellings(
            "Internet Software & Services|Technology|Internet|software|Software Services|SaaS"
            "|IT/TECHNOLOGY|Information Technology and Services|Computer and Technology"
            "|IT services|Service Provider (MSP, BSP, ASP, ESP, Web Hosting)|Computer Software"
            "|Computer Networking|Computer/Network Consultant|High Tech|tech|web|Website|mobile"
            "|COMPUTER_COMPANY|Media & Internet|Information Technology|IT|EDV|IT-Dienstleistung"
            "|IT-Dienstleister|Systemhaus|Softwareentwicklung|Informationstechnologie|IT & Software"
        ),
    ),
    IndustrySeed(
        "electronics",
        _names("Electronics and hardware", "Elektronik und Hardware"),
        _spellings(
            "Technology Hardware, Storage & Periph...|Technology Hardware, Storage & Peripherals"
            "|Electrical Equipment|Electrical/Electronic Manufacturing"
            "|Manufacturing - Hardware/Software|Elektronik|Elektrotechnik|Hardware|Electronics"
            "|Semiconductors|Halbleiter"
        ),
    ),
    IndustrySeed(
        "telecom",
        _names("Telecommunications", "Telekommunikation"),
        _spellings(
            "TELECOM|Communications Equipment|Diversified Telecommunication Services"
            "|Telecommunications|Communications|Integrated Telecommunication Services"
            "|Communication Carriers (ISP, Telecomm, Data Comm, Cable)|Telekommunikation|Telco"
        ),
    ),
    IndustrySeed(
        "marketing",
        _names("Advertising and marketing", "Werbung und Marketing"),
        _spellings(
            "Advertising & Marketing|Agency|Marketer|advertising_&_marketing|Agency - Media"
            "|Agency - Creative|Marketing and Advertising|Advertising|Media Agency|design"
            "|ADVERTISING/MARKETING/PUBLIC RELATIONS|EVENT_PLANNING"
            "|Advertising/Marketing/PR/Media (Publishing, Broadcast, Online)"
            "|Werbung|Marketing|Werbeagentur|Agentur|Werbung & Marketing"
        ),
    ),
    IndustrySeed(
        "media",
        _names("Media and entertainment", "Medien und Unterhaltung"),
        _spellings(
            "Media|Entertainment & Media|Media & Entertainment|Gaming|Entertainment|Publishing"
            "|ARTS_ENTERTAINMENT|CONCERT_VENUE|MEDIA_NEWS_COMPANY|ENTERTAINER|PERSONAL_BLOG"
            "|Movies & Entertainment|Advertising/Media/Publishing|Commercial Printing|Medien"
            "|Verlag|Verlagswesen|Unterhaltung|Druckerei|Medien & Unterhaltung"
        ),
    ),
    IndustrySeed(
        "retail",
        _names("Retail and online trade", "Einzel- und Onlinehandel"),
        _spellings(
            "Retail|ECommerce|Retailing|Specialty Retail|SHOPPING_RETAIL|Retail & Ecommerce"
            "|Retail and Wholesale|RETAIL_COMPANY|RETAIL/CONSUMER GOODS|Retail/Wholesale Trade"
            "|HOME_IMPROVEMENT|E-Commerce|Einzelhandel|Handel|Onlinehandel|Versandhandel"
        ),
    ),
    IndustrySeed(
        "wholesale",
        _names("Wholesale and distribution", "Großhandel und Distribution"),
        _spellings(
            "Distributors|Trading Companies & Distributors|Wholesale Trade|Wholesale"
            "|Retailer/Wholesaler/Distributor (non-computer)|Großhandel|Distribution"
        ),
    ),
    IndustrySeed(
        "consumer_goods",
        _names("Consumer goods", "Konsumgüter"),
        _spellings(
            "Consumer Discretionary|Consumer Staples|Consumer Goods|Consumer Packaged Goods|CPG"
            "|Textiles, Apparel & Luxury Goods|Household Durables|Leisure Products|BABY_KIDS"
            "|Apparel, Accessories & Luxury Goods|Apparel & Fashion|Tobacco|Konsumgüter|Textil"
            "|Mode|Bekleidung|FMCG"
        ),
    ),
    IndustrySeed(
        "food",
        _names("Food and beverages", "Lebensmittel und Getränke"),
        _spellings(
            "Food Products|beverages|FOOD_COMPANY|FOOD_GROCERY|Food & Beverages|Food & Beverage"
            "|Food and Beverage|Food|Lebensmittel|Nahrungsmittel|Getränke|Lebensmittelindustrie"
        ),
    ),
    IndustrySeed(
        "hospitality",
        _names("Hotels, restaurants and leisure", "Hotels, Gastronomie und Freizeit"),
        _spellings(
            "Hotels, Restaurants & Leisure|Restaurant|Restaurants|Hospitality|RESTAURANT_CAFE"
            "|HOTEL|ATTRACTIONS|MUSEUM|SPORTS_RECREATION|SPORTS_OUTDOORS|Recreation|Club"
            "|Gastronomie|Hotel|Hotellerie|Hotel & Gastronomie|Freizeit|Sport"
        ),
    ),
    IndustrySeed(
        "travel_transport",
        _names("Travel, transport and logistics", "Reise, Verkehr und Logistik"),
        _spellings(
            "Travel|Transportation|Air Freight & Logistics|Travel & Transport|Marine|Airlines"
            "|Airlines/Aviation|Transportation/Trucking/Railroad|TRAVEL & ENTERTAINMENT"
            "|Transportation/Utilities (Energy, Water, etc.)|Logistics|Logistik|Transport"
            "|Spedition|Verkehr|Tourismus|Transport & Logistik|Reisen"
        ),
    ),
    IndustrySeed(
        "automotive",
        _names("Automotive", "Automobil"),
        _spellings("Automotive|Auto|Automobil|Automobilindustrie|Kfz|Autohaus|Fahrzeugbau"),
    ),
    IndustrySeed(
        "manufacturing",
        _names("Manufacturing and machinery", "Industrie und Maschinenbau"),
        _spellings(
            "Manufacturing|Machinery|Industrial Conglomerates|MANUFACTURING & MATERIALS|IND"
            "|Manufacturing & Process Industries|Industry|Containers & Packaging"
            "|Industrie|Maschinenbau|Produktion|Fertigung|Anlagenbau|Metallbau|Verpackung"
            "|Produzierendes Gewerbe"
        ),
    ),
    IndustrySeed(
        "chemicals_materials",
        _names("Chemicals, metals and materials", "Chemie, Metall und Werkstoffe"),
        _spellings(
            "Chemicals|Metals & Mining|Mining & Construction|Minerals & Mining"
            "|Paper & Forest Products|Chemie|Metall|Bergbau|Kunststoff|Papier"
        ),
    ),
    IndustrySeed(
        "construction",
        _names("Construction and engineering", "Bau und Ingenieurwesen"),
        _spellings(
            "Construction & Engineering|Construction|Building Materials|ENGINEERING/CONSTRUCTION"
            "|AEC|Engineering|Bau|Baugewerbe|Bauwesen|Handwerk|Architektur|Ingenieurwesen|Baustoffe"
        ),
    ),
    IndustrySeed(
        "real_estate",
        _names("Real estate", "Immobilien"),
        _spellings("Real Estate|Immobilien|Immobilienwirtschaft|Property Management"),
    ),
    IndustrySeed(
        "energy",
        _names("Energy and utilities", "Energie und Versorgung"),
        _spellings(
            "Renewable Electricity|Gas Utilities|Energy, Utilities & Waste|Utilities"
            "|Energy & Utilities|Energy, Chemicals & Utilities|ENERGY/NATURAL RESOURCES|Energy"
            "|Renewable Energy|Electric Utilities|Oil & Energy|Oil & Gas|Environmental|Energie"
            "|Energieversorgung|Stadtwerke|Versorger|Umwelt|Entsorgung"
        ),
    ),
    IndustrySeed(
        "finance",
        _names("Banking and finance", "Banken und Finanzen"),
        _spellings(
            "Financial Services|Diversified Financial Services|Finance|Capital Markets|BANKS"
            "|Banking|Finance/Banking/Accounting|BANK_FINANCIAL_COMPANY|FSI|financial_services"
            "|Banking/Accounting/Financial|Holding Companies|Holding Companies & Conglomerates"
            "|Bank|Finanzen|Finanzdienstleistung|Banken & Finanzen|Finanzdienstleister"
        ),
    ),
    IndustrySeed(
        "insurance",
        _names("Insurance", "Versicherung"),
        _spellings("Insurance|Insurance/Real Estate/Legal|Versicherung|Versicherungen"),
    ),
    IndustrySeed(
        "healthcare",
        _names("Health care", "Gesundheitswesen"),
        _spellings(
            "Health Care Providers & Services|Healthcare|Health & Wellness|HEALTH_MEDICAL"
            "|Hospital & Health Care|HOSPITAL_CLINIC|Medical Devices|Health Care|Health"
            "|Healthcare Services|HEALTH_COMPANY|Healthcare/Medical/Pharmaceutical/Bio-Tech"
            "|Gesundheit|Gesundheitswesen|Krankenhaus|Klinik|Arztpraxis|Pflege|Medizintechnik"
        ),
    ),
    IndustrySeed(
        "life_sciences",
        _names("Pharmaceuticals and life sciences", "Pharma und Life Sciences"),
        _spellings(
            "Pharmaceuticals|Biotechnology|Pharmaceutical|Life Sciences"
            "|LIFE SCIENCES/PHARMACEUTICALS|Pharma|Biotechnologie|Pharmaindustrie"
        ),
    ),
    IndustrySeed(
        "education",
        _names("Education and research", "Bildung und Forschung"),
        _spellings(
            "Education Services|Education|EDUCATION_COMPANY|Higher Education|Researcher|Academic"
            "|Education and Training|Bildung|Schule|Hochschule|Universität|Forschung|Weiterbildung"
            "|Bildung & Forschung"
        ),
    ),
    IndustrySeed(
        "public_sector",
        _names("Government and public sector", "Öffentlicher Dienst"),
        _spellings(
            "Government & Politics|Government|Politics|GOVERNMENT_ORG|Government Administration"
            "|COMMUNITY_GOVERNMENT|Government - Federal (including Military)|Govt/Public Admin"
            "|Öffentliche Verwaltung|Öffentlicher Dienst|Behörde|Kommune|Verwaltung|Public Sector"
        ),
    ),
    IndustrySeed(
        "aerospace_defence",
        _names("Aerospace and defence", "Luftfahrt und Verteidigung"),
        _spellings(
            "Aerospace & Defense|Defense & Space|Luft- und Raumfahrt|Verteidigung"
            "|Aerospace & Defence"
        ),
    ),
    IndustrySeed(
        "nonprofit",
        _names("Associations and non-profits", "Verbände und Gemeinnützige"),
        _spellings(
            "Organizations & Associations|Non-profit|Organizations|ORG_GENERAL|COMMUNITY"
            "|Organisations & Associations|COMMUNITY_ORG|organizations_&_associations|Nonprofit"
            "|Not For Profit|Verein|Verband|Gemeinnützig|Stiftung|NGO|Kirche"
        ),
    ),
    IndustrySeed(
        "professional_services",
        _names("Professional and business services", "Unternehmensdienste und Beratung"),
        _spellings(
            "Professional Services|Business Services|Commercial Services & Supplies|Consulting"
            "|CONSULTANT|Law Firms & Legal Services|Human Resources|PROFESSIONAL_SERVICES"
            "|CONSULTING_COMPANY|Law Practice|Management Consulting|Business Services/Consultant"
            "|Beratung|Unternehmensberatung|Kanzlei|Steuerberatung|Rechtsanwalt|Dienstleistung"
            "|Personaldienstleistung|Wirtschaftsprüfung"
        ),
    ),
    IndustrySeed(
        "consumer_services",
        _names("Consumer services", "Dienste für Privatleute"),
        _spellings(
            "Diversified Consumer Services|Family Services|Specialized Consumer Services"
            "|Consumer Services|HEALTH_BEAUTY|Spa_Beauty|PRODUCT_SERVICE|Friseur|Kosmetik"
        ),
    ),
    IndustrySeed(
        "agriculture",
        _names("Agriculture and forestry", "Land- und Forstwirtschaft"),
        _spellings("Agriculture|Agricultural Products|Landwirtschaft|Forstwirtschaft|Gartenbau"),
    ),
    IndustrySeed(
        "other",
        _names("Other", "Andere"),
        _spellings(
            "Other|Other Industry Not Listed|al Products|LOCAL|COMPANY|B2C|B2B|PERSON|Andere"
            "|Sonstige|Sonstiges"
        ),
    ),
)


def _band(key: str, lower: str, en: str, de: str) -> BandSeed:
    return BandSeed(key, _names(en, de), Decimal(lower))


# employees
SIZE_BANDS: tuple[BandSeed, ...] = (
    _band("1_9", "0", "1 to 9 employees", "1 bis 9 Beschäftigte"),
    _band("10_49", "10", "10 to 49 employees", "10 bis 49 Beschäftigte"),
    _band("50_249", "50", "50 to 249 employees", "50 bis 249 Beschäftigte"),
    _band("250_999", "250", "250 to 999 employees", "250 bis 999 Beschäftigte"),
    _band("1000_4999", "1000", "1,000 to 4,999 employees", "1.000 bis 4.999 Beschäftigte"),
    _band("5000_up", "5000", "5,000 employees and more", "5.000 Beschäftigte und mehr"),
)

# euro
VALUE_BANDS: tuple[BandSeed, ...] = (
    _band("under_5k", "0", "under €5,000", "unter 5.000 €"),
    _band("5k_25k", "5000", "€5,000 to €25,000", "5.000 € bis 25.000 €"),
    _band("25k_100k", "25000", "€25,000 to €100,000", "25.000 € bis 100.000 €"),
    _band("100k_500k", "100000", "€100,000 to €500,000", "100.000 € bis 500.000 €"),
    _band("500k_up", "500000", "€500,000 and more", "500.000 € und mehr"),
)

SOURCES: tuple[SourceSeed, ...] = (
    SourceSeed(
        "web_registration",
        _names("Web registration", "Anmeldung im Web"),
        _names(
            "Left their details on the web site and expects an answer within a day.",
            "Hat sich auf der Website eingetragen und erwartet binnen eines Tages eine Antwort.",
        ),
        _spellings(
            "Web Registration|Website|Web|Web form|Contact form|Kontaktformular|Internet|Webseite"
            "|Online|Homepage|Inbound web|Web-Formular"
        ),
        basis="asked",
    ),
    SourceSeed(
        "trade_show",
        _names("Trade show or event", "Messe oder Veranstaltung"),
        _names(
            "Spoke to us at an event and knows the brand; remembers the conversation for a week.",
            "Hat auf einer Veranstaltung mit uns gesprochen; erinnert sich etwa eine Woche daran.",
        ),
        _spellings("Trade Shows and Events|Trade show|Event|Messe|Veranstaltung|Fair|Events|Expo"),
        basis="asked",
    ),
    SourceSeed(
        "webinar",
        _names("Webinar", "Webinar"),
        _names(
            "Watched a webinar; interested in the subject, a project is not certain.",
            "Hat ein Webinar gesehen; am Thema interessiert, ein Projekt ist nicht sicher.",
        ),
        _spellings("Webinar|Webcast|Online event|Online-Seminar"),
    ),
    SourceSeed(
        "content_download",
        _names("Content download", "Download von Unterlagen"),
        _names(
            "Downloaded a paper; is reading up and may not expect a call.",
            "Hat Unterlagen geladen; informiert sich und erwartet vielleicht keinen Anruf.",
        ),
        _spellings("Content download|Download|Whitepaper|White paper|E-Book|Datenblatt"),
    ),
    SourceSeed(
        "phone_inquiry",
        _names("Phone inquiry", "Anfrage am Telefon"),
        _names(
            "Called us with a question and waits for the call back.",
            "Hat uns mit einer Frage angerufen und wartet auf den Rückruf.",
        ),
        _spellings("Phone Inquiry|Phone|Call|Inbound call|Telefon|Anruf|Hotline|Phone enquiry"),
        basis="asked",
    ),
    SourceSeed(
        "tele_sales",
        _names("Tele-sales", "Telefonvertrieb"),
        _names(
            "Was called by our tele-sales and agreed to hear from a partner.",
            "Wurde von unserem Telefonvertrieb angerufen und ist mit einem Partner einverstanden.",
        ),
        _spellings("Tele-sales|Telesales|Cold call|Outbound call|Kaltakquise|Telemarketing"),
        basis="consent",
    ),
    SourceSeed(
        "email_campaign",
        _names("E-mail campaign", "E-Mail-Kampagne"),
        _names(
            "Answered a campaign mail; interest is fresh, need is to be found out.",
            "Hat auf eine Kampagne geantwortet; das Interesse ist frisch, der Bedarf zu klären.",
        ),
        _spellings("Email campaign|E-mail|Email|Newsletter|Mailing|Campaign|Kampagne"),
        basis="asked",
    ),
    SourceSeed(
        "advertising",
        _names("Advertising", "Anzeige"),
        _names(
            "Came through an advertisement; compares several suppliers.",
            "Kam über eine Anzeige; vergleicht mehrere Anbieter.",
        ),
        _spellings("Advertising|Advertisement|Google Ads|Ads|Anzeige|Werbung|Paid search|SEA"),
        basis="asked",
    ),
    SourceSeed(
        "social_media",
        _names("Social media", "Soziale Medien"),
        _names(
            "Got in touch over a social network; a short, personal answer works best.",
            "Meldete sich über ein soziales Netz; eine kurze, persönliche Antwort passt am besten.",
        ),
        _spellings("Social media|LinkedIn|Xing|Facebook|Social|Twitter|Soziale Medien"),
        basis="asked",
    ),
    SourceSeed(
        "referral",
        _names("Recommendation", "Empfehlung"),
        _names(
            "Was sent to us by someone they trust; open to talk.",
            "Kam auf Empfehlung zu uns; ist offen für ein Gespräch.",
        ),
        _spellings(
            "Referral|Partner referral|Recommendation|Word of mouth|Employee referral|Empfehlung"
            "|External referral|Partner"
        ),
    ),
    SourceSeed(
        "existing_customer",
        _names("Existing customer", "Bestandskunde"),
        _names(
            "Buys from us already and has a further need.",
            "Kauft schon bei uns und hat weiteren Bedarf.",
        ),
        _spellings("Existing customer|Customer|Bestandskunde|Bestandskunden|Cross-sell|Upsell"),
        basis="customer",
    ),
    SourceSeed(
        "purchased_list",
        _names("Purchased list", "Gekaufte Liste"),
        _names(
            "From a bought list: knows nothing of us yet, so a first call opens from scratch.",
            "Aus einer gekauften Liste: kennt uns noch nicht, das Gespräch beginnt bei null.",
        ),
        _spellings("Purchased List|Bought list|List|Adressliste|Gekaufte Liste|Adresskauf"),
    ),
    SourceSeed(
        "other",
        _names("Other", "Andere"),
        _names(
            "Came another way; the text for partners says more.",
            "Kam auf anderem Weg; der Text für Partner sagt mehr.",
        ),
        _spellings("Other|Andere|Sonstige|Sonstiges"),
    ),
)


def _reason(
    purpose: Purpose, key: str, blame: Blame, en: str, de: str, spellings: str = ""
) -> ReasonSeed:
    return ReasonSeed(purpose, key, _names(en, de), blame, _spellings(spellings))


# Silence is penalised, declining is not: what the vendor got wrong counts against the source.
REASONS: tuple[ReasonSeed, ...] = (
    _reason(
        Purpose.DECLINE,
        "no_capacity",
        Blame.NONE,
        "No time just now",
        "Gerade keine Zeit",
    ),
    _reason(Purpose.DECLINE, "too_far", Blame.NONE, "Too far away", "Zu weit weg"),
    _reason(
        Purpose.DECLINE,
        "not_our_field",
        Blame.NONE,
        "Not our field",
        "Nicht unser Fachgebiet",
    ),
    _reason(Purpose.DECLINE, "too_small", Blame.NONE, "Too small for us", "Zu klein für uns"),
    _reason(Purpose.DECLINE, "too_large", Blame.NONE, "Too large for us", "Zu groß für uns"),
    _reason(
        Purpose.DECLINE,
        "product_not_carried",
        Blame.NONE,
        "We don't carry the product",
        "Wir führen das Produkt nicht",
    ),
    _reason(
        Purpose.DECLINE,
        "too_little_said",
        Blame.VENDOR,
        "Too little said to decide",
        "Zu wenig Angaben zum Entscheiden",
    ),
    _reason(
        Purpose.DECLINE,
        "not_interesting",
        Blame.MARKET,
        "Not worth it for us",
        "Lohnt sich für uns nicht",
    ),
    _reason(Purpose.DECLINE, "other", Blame.NONE, "Another reason", "Ein anderer Grund"),
    _reason(
        Purpose.GIVE_BACK,
        "wrong_number",
        Blame.VENDOR,
        "Phone number or address is wrong",
        "Telefonnummer oder Adresse stimmt nicht",
    ),
    _reason(
        Purpose.GIVE_BACK,
        "duplicate",
        Blame.VENDOR,
        "We know this one already: it is a duplicate",
        "Kennen wir schon: ein Doppel",
    ),
    _reason(
        Purpose.GIVE_BACK,
        "not_real",
        Blame.VENDOR,
        "Not a real inquiry",
        "Keine echte Anfrage",
    ),
    _reason(
        Purpose.GIVE_BACK,
        "no_such_need",
        Blame.VENDOR,
        "The customer needs something else than stated",
        "Der Kunde braucht etwas anderes als angegeben",
    ),
    _reason(
        Purpose.GIVE_BACK,
        "unreachable",
        Blame.MARKET,
        "Nobody can be reached",
        "Niemand zu erreichen",
    ),
    _reason(
        Purpose.GIVE_BACK,
        "wants_other_partner",
        Blame.MARKET,
        "The customer prefers another partner",
        "Der Kunde möchte einen anderen Partner",
    ),
    _reason(
        Purpose.GIVE_BACK,
        "no_capacity",
        Blame.PARTNER,
        "We can't find the time after all",
        "Wir finden doch keine Zeit",
    ),
    _reason(
        Purpose.GIVE_BACK,
        "missing_skill",
        Blame.PARTNER,
        "We lack the skill it takes",
        "Uns fehlt das Fachwissen",
    ),
    _reason(
        Purpose.GIVE_BACK,
        "picked_by_mistake",
        Blame.NONE,
        "Picked up by mistake",
        "Aus Versehen genommen",
    ),
    _reason(Purpose.GIVE_BACK, "other", Blame.NONE, "Another reason", "Ein anderer Grund"),
    _reason(
        Purpose.LOST,
        "price",
        Blame.MARKET,
        "Another offer was cheaper",
        "Anderes Angebot günstiger",
    ),
    _reason(
        Purpose.LOST,
        "competitor",
        Blame.MARKET,
        "Chose a competing product",
        "Hat ein Konkurrenzprodukt gewählt",
    ),
    _reason(Purpose.LOST, "no_budget", Blame.MARKET, "No budget", "Kein Budget"),
    _reason(Purpose.LOST, "postponed", Blame.MARKET, "Project put off", "Projekt verschoben"),
    _reason(Purpose.LOST, "no_need", Blame.MARKET, "No need any more", "Kein Bedarf mehr"),
    _reason(
        Purpose.LOST,
        "missing_feature",
        Blame.VENDOR,
        "The product lacks something needed",
        "Dem Produkt fehlt etwas Nötiges",
    ),
    _reason(
        Purpose.LOST,
        "no_answer",
        Blame.MARKET,
        "The customer stopped answering",
        "Der Kunde antwortet nicht mehr",
    ),
    _reason(
        Purpose.LOST,
        "came_too_late",
        Blame.PARTNER,
        "We were too late",
        "Wir waren zu spät",
    ),
    _reason(Purpose.LOST, "wrong_number", Blame.VENDOR, "Wrong number", "Falsche Nummer"),
    _reason(Purpose.LOST, "duplicate", Blame.VENDOR, "A duplicate", "Ein Doppel"),
    _reason(
        Purpose.LOST,
        "not_real",
        Blame.VENDOR,
        "Not a real inquiry",
        "Keine echte Anfrage",
    ),
    _reason(Purpose.LOST, "other", Blame.NONE, "Another reason", "Ein anderer Grund"),
    _reason(
        Purpose.DISQUALIFY,
        "wrong_contact",
        Blame.VENDOR,
        "Wrong number or contact",
        "Falsche Nummer oder falscher Kontakt",
        "Wrong Contact|Wrong number|Falsche Nummer|Falscher Kontakt|Bad phone",
    ),
    _reason(
        Purpose.DISQUALIFY,
        "bad_email",
        Blame.VENDOR,
        "E-mail address doesn't work",
        "E-Mail-Adresse geht nicht",
        "Bad Email|Bounced|Invalid email|Email bounced|Falsche E-Mail",
    ),
    _reason(
        Purpose.DISQUALIFY,
        "duplicate",
        Blame.VENDOR,
        "A duplicate",
        "Ein Doppel",
        "Duplicate|Dublette|Doppelt|Duplikat",
    ),
    _reason(
        Purpose.DISQUALIFY,
        "not_real",
        Blame.VENDOR,
        "Spam, or not real",
        "Spam oder nicht echt",
        "Spam|Test|Fake|Junk|Not real|Bot",
    ),
    _reason(
        Purpose.DISQUALIFY,
        "do_not_call",
        Blame.NONE,
        "Asked not to be contacted",
        "Möchte nicht kontaktiert werden",
        "Unsubscribed/Do Not Call|Do Not Call|Do not contact|Unsubscribed|Opt-out|Opted out"
        "|Abgemeldet|Nicht anrufen|Kein Kontakt|Werbesperre|Kontaktsperre|DNC",
    ),
    _reason(
        Purpose.DISQUALIFY,
        "abandoned",
        Blame.NONE,
        "Never answered",
        "Hat nie geantwortet",
        "Abandoned|No response|No answer|Unresponsive|Keine Antwort|Nicht erreicht|Unreachable"
        "|Cannot Contact",
    ),
    _reason(
        Purpose.DISQUALIFY,
        "not_interested",
        Blame.MARKET,
        "Not interested",
        "Kein Interesse",
        "Not Interested|No interest|No Longer Interested|Kein Interesse",
    ),
    _reason(
        Purpose.DISQUALIFY,
        "no_need",
        Blame.MARKET,
        "No need",
        "Kein Bedarf",
        "No Need|Kein Bedarf|Bad fit|Not a fit",
    ),
    _reason(
        Purpose.DISQUALIFY,
        "no_budget",
        Blame.MARKET,
        "No budget",
        "Kein Budget",
        "No Budget|Kein Budget|Too expensive|Zu teuer",
    ),
    _reason(
        Purpose.DISQUALIFY,
        "bad_timing",
        Blame.MARKET,
        "Wrong moment",
        "Falscher Zeitpunkt",
        "Bad Timing|Timing|Falscher Zeitpunkt|Too early|Zu früh|Later",
    ),
    _reason(
        Purpose.DISQUALIFY,
        "competitor",
        Blame.MARKET,
        "Chose a competitor, or is one",
        "Hat sich für Mitbewerber entschieden oder ist einer",
        "Competitor|Lost to competitor|Mitbewerber|Konkurrenz",
    ),
    _reason(
        Purpose.DISQUALIFY,
        "other",
        Blame.NONE,
        "Another reason",
        "Ein anderer Grund",
        "Other|Sonstiges|Andere",
    ),
    _reason(
        Purpose.CANCEL,
        "by_mistake",
        Blame.NONE,
        "Created by mistake",
        "Aus Versehen angelegt",
    ),
    _reason(
        Purpose.CANCEL,
        "duplicate",
        Blame.VENDOR,
        "It is there under another number",
        "Unter anderer Nummer schon da",
    ),
    _reason(Purpose.CANCEL, "test", Blame.NONE, "Only a test", "Nur ein Test"),
    _reason(Purpose.CANCEL, "other", Blame.NONE, "Another reason", "Ein anderer Grund"),
    _reason(
        Purpose.PAUSE,
        "asked_to_wait",
        Blame.NONE,
        "The customer asked to wait",
        "Der Kunde bat um Aufschub",
    ),
    _reason(
        Purpose.PAUSE,
        "budget",
        Blame.NONE,
        "The budget is not released yet",
        "Das Budget ist noch nicht freigegeben",
    ),
    _reason(
        Purpose.PAUSE,
        "decider_away",
        Blame.NONE,
        "Whoever decides is away",
        "Wer entscheidet, ist nicht da",
    ),
    _reason(Purpose.PAUSE, "other", Blame.NONE, "Another reason", "Ein anderer Grund"),
    _reason(
        Purpose.RECALL,
        "silent",
        Blame.PARTNER,
        "No answer in time",
        "Keine Rückmeldung in der Frist",
    ),
    _reason(
        Purpose.RECALL, "no_progress", Blame.PARTNER, "It does not progress", "Es geht nicht voran"
    ),
    _reason(
        Purpose.RECALL,
        "wants_other_partner",
        Blame.MARKET,
        "The customer prefers another partner",
        "Der Kunde möchte einen anderen Partner",
    ),
    _reason(
        Purpose.RECALL,
        "by_agreement",
        Blame.NONE,
        "Agreed with the partner",
        "Mit dem Partner so vereinbart",
    ),
    _reason(
        Purpose.EXTENSION,
        "customer_decides",
        Blame.MARKET,
        "The customer still decides",
        "Der Kunde entscheidet noch",
    ),
    _reason(
        Purpose.EXTENSION,
        "customer_away",
        Blame.MARKET,
        "The customer is away",
        "Der Kunde ist nicht da",
    ),
    _reason(
        Purpose.EXTENSION,
        "waits_for_vendor",
        Blame.VENDOR,
        "We wait for an answer of the vendor",
        "Wir warten auf eine Antwort des Herstellers",
    ),
    _reason(
        Purpose.EXTENSION,
        "no_time",
        Blame.PARTNER,
        "Too much to do just now",
        "Gerade zu viel zu tun",
    ),
    _reason(Purpose.EXTENSION, "other", Blame.NONE, "Another reason", "Ein anderer Grund"),
)

LEVELS: tuple[LevelSeed, ...] = (
    LevelSeed("registered", 1, _names("Registered", "Registriert")),
    LevelSeed("authorised", 2, _names("Authorised", "Autorisiert")),
    LevelSeed("silver", 3, _names("Silver", "Silber")),
    LevelSeed("gold", 4, _names("Gold", "Gold")),
    LevelSeed("platinum", 5, _names("Platinum", "Platin")),
)

SPECIALISATIONS: tuple[SpecialisationSeed, ...] = (
    SpecialisationSeed("networking", _names("Networks", "Netzwerke")),
    SpecialisationSeed("wireless", _names("Wireless networks", "Funknetze")),
    SpecialisationSeed("security", _names("IT security", "IT-Sicherheit")),
    SpecialisationSeed("storage", _names("Storage and backup", "Speicher und Datensicherung")),
    SpecialisationSeed("cloud", _names("Cloud and virtualisation", "Cloud und Virtualisierung")),
    SpecialisationSeed("workplace", _names("Digital workplace", "Digitaler Arbeitsplatz")),
    SpecialisationSeed("communication", _names("Telephony and video", "Telefonie und Video")),
    SpecialisationSeed("printing", _names("Printing and labelling", "Druck und Etiketten")),
    SpecialisationSeed("surveillance", _names("Video and access control", "Video und Zutritt")),
    SpecialisationSeed("industrial", _names("Industrial IT", "Industrie-IT")),
    SpecialisationSeed("managed_services", _names("Managed services", "Betrieb als Dienst")),
)

CUSTOMER_CLASSES: tuple[StandingSeed, ...] = (
    StandingSeed("a", _names("A: key account", "A: Schlüsselkunde")),
    StandingSeed("b", _names("B: regular customer", "B: Stammkunde")),
    StandingSeed("c", _names("C: occasional customer", "C: Gelegenheitskunde")),
)

CREDIT_RATINGS: tuple[StandingSeed, ...] = (
    StandingSeed("good", _names("Good", "Gut")),
    StandingSeed("with_limit", _names("With a limit", "Mit Limit")),
    StandingSeed("prepaid", _names("Paid in advance only", "Nur gegen Vorkasse")),
)

CATEGORIES: tuple[StandingSeed, ...] = (
    StandingSeed("business", _names("Business customer", "Geschäftskunde")),
    StandingSeed("person", _names("Private person", "Privatperson")),
    StandingSeed("public", _names("Public sector", "Öffentliche Hand")),
    StandingSeed("partner", _names("Business partner", "Geschäftspartner")),
)

COMPETITORS: tuple[StandingSeed, ...] = (
    StandingSeed("querix", _names("Querix", "Querix")),
    StandingSeed("bolmann", _names("Bolmann IT", "Bolmann IT")),
    StandingSeed("in_house", _names("They do it themselves", "Sie machen es selbst")),
)

BRANDS: tuple[BrandSeed, ...] = (
    BrandSeed("arvena", "Arvena Networks"),
    BrandSeed("halvex", "Halvex Security"),
    BrandSeed("cordal", "Cordal Storage"),
    BrandSeed("lumetra", "Lumetra Displays"),
    BrandSeed("tonvik", "Tonvik Voice"),
    BrandSeed("pressano", "Pressano Print"),
)

CERTIFICATIONS: tuple[CertificationSeed, ...] = (
    CertificationSeed("iso_27001", _names("ISO 27001", "ISO 27001"), None),
    CertificationSeed("iso_9001", _names("ISO 9001", "ISO 9001"), None),
    CertificationSeed(
        "arvena_associate",
        _names("Arvena Network Associate", "Arvena Network Associate"),
        "arvena",
    ),
    CertificationSeed(
        "arvena_expert",
        _names("Arvena Network Expert", "Arvena Network Expert"),
        "arvena",
    ),
    CertificationSeed(
        "halvex_engineer",
        _names("Halvex Security Engineer", "Halvex Security Engineer"),
        "halvex",
    ),
    CertificationSeed(
        "cordal_architect",
        _names("Cordal Storage Architect", "Cordal Storage Architect"),
        "cordal",
    ),
    CertificationSeed(
        "lumetra_installer",
        _names("Lumetra Installer", "Lumetra-Installateur"),
        "lumetra",
    ),
    CertificationSeed("tonvik_voice", _names("Tonvik Voice Pro", "Tonvik Voice Pro"), "tonvik"),
    CertificationSeed(
        "pressano_service", _names("Pressano Service", "Pressano-Service"), "pressano"
    ),
)

PRODUCTS: tuple[ProductSeed, ...] = (
    ProductSeed(
        "switches",
        "arvena",
        _names("Network switches", "Netzwerk-Switches"),
        "networking",
    ),
    ProductSeed(
        "routers",
        "arvena",
        _names("Branch routers", "Router für Filialen"),
        "networking",
    ),
    ProductSeed(
        "access_points",
        "arvena",
        _names("Wi-Fi access points", "WLAN-Zugangspunkte"),
        "wireless",
    ),
    ProductSeed(
        "site_survey",
        "arvena",
        _names("Wi-Fi site survey", "WLAN-Ausmessung"),
        "wireless",
        True,
    ),
    ProductSeed("firewalls", "halvex", _names("Firewalls", "Firewalls"), "security"),
    ProductSeed(
        "endpoint_protection",
        "halvex",
        _names("Endpoint protection", "Schutz für Endgeräte"),
        "security",
    ),
    ProductSeed(
        "security_check",
        "halvex",
        _names("Security check-up", "Sicherheits-Check"),
        "security",
        True,
    ),
    ProductSeed(
        "storage_arrays",
        "cordal",
        _names("Storage arrays", "Speichersysteme"),
        "storage",
    ),
    ProductSeed("backup", "cordal", _names("Backup software", "Datensicherung"), "storage"),
    ProductSeed(
        "cloud_backup",
        "cordal",
        _names("Cloud backup", "Datensicherung in der Cloud"),
        "cloud",
        True,
    ),
    ProductSeed(
        "signage",
        "lumetra",
        _names("Digital signage", "Digitale Anzeigen"),
        "workplace",
    ),
    ProductSeed(
        "meeting_rooms",
        "lumetra",
        _names("Meeting room displays", "Anzeigen für Besprechungsräume"),
        "workplace",
    ),
    ProductSeed("ip_phones", "tonvik", _names("IP phones", "IP-Telefone"), "communication"),
    ProductSeed(
        "cloud_telephony",
        "tonvik",
        _names("Cloud telephony", "Telefonie aus der Cloud"),
        "communication",
        True,
    ),
    ProductSeed(
        "office_printers",
        "pressano",
        _names("Office printers", "Bürodrucker"),
        "printing",
    ),
    ProductSeed(
        "label_printers",
        "pressano",
        _names("Label printers", "Etikettendrucker"),
        "printing",
    ),
    ProductSeed(
        "managed_print",
        "pressano",
        _names("Managed printing", "Drucken als Dienst"),
        "managed_services",
        True,
    ),
)
