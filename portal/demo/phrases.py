"""Sentences of the demo that fit every topic: who asks, how far they are, what reps report.

Data only, in English (`en`) and German (`de`). Temperature is told honestly: what is said about
money and time belongs to it.
"""

from __future__ import annotations

Pool = dict[str, tuple[str, ...]]

# kind of firm, as the subject of a sentence
WHO: dict[str, Pool] = {
    "software_it": {
        "en": ("A software house", "An IT service firm", "A hosting company"),
        "de": ("Ein Softwarehaus", "Ein IT-Dienstleister", "Ein kleines Systemhaus"),
    },
    "telecom": {
        "en": ("A regional carrier", "A telephone dealer"),
        "de": ("Ein regionaler Netzbetreiber", "Ein Telefonfachbetrieb"),
    },
    "marketing": {
        "en": ("An advertising agency", "A trade-fair builder"),
        "de": ("Eine Werbeagentur", "Ein Messebauer"),
    },
    "media": {
        "en": ("A local broadcaster", "A printing works", "A film post-production house"),
        "de": ("Ein Lokalsender", "Eine Druckerei", "Ein Verlag"),
    },
    "retail": {
        "en": ("A furniture store", "A chain of bakeries", "An online shop", "A garden centre"),
        "de": ("Ein Möbelhaus", "Eine Bäckereikette", "Ein Onlinehändler", "Ein Gartencenter"),
    },
    "wholesale": {
        "en": ("A wholesaler of tools", "A wholesaler for plumbing parts", "A drinks wholesaler"),
        "de": ("Ein Werkzeuggroßhandel", "Ein Sanitärgroßhandel", "Ein Getränkegroßhandel"),
    },
    "consumer_goods": {
        "en": ("A maker of sports shoes", "A toy maker"),
        "de": ("Ein Sportartikelhersteller", "Ein Spielzeughersteller"),
    },
    "food": {
        "en": ("A food producer", "A dairy", "A maker of frozen pizza", "A brewery"),
        "de": (
            "Ein Lebensmittelhersteller",
            "Eine Molkerei",
            "Eine Brauerei",
            "Ein Fleischbetrieb",
        ),
    },
    "hospitality": {
        "en": ("A hotel group", "A spa hotel", "A conference hotel", "A youth hostel operator"),
        "de": ("Eine Hotelgruppe", "Ein Wellnesshotel", "Ein Tagungshotel"),
    },
    "travel_transport": {
        "en": ("A haulage firm", "A parcel depot", "A bus company", "A freight forwarder"),
        "de": ("Eine Spedition", "Ein Paketdepot", "Ein Busunternehmen", "Ein Hafenlogistiker"),
    },
    "automotive": {
        "en": ("A group of car dealers", "A supplier of car parts"),
        "de": ("Eine Autohausgruppe", "Ein Autozulieferer"),
    },
    "manufacturing": {
        "en": ("A machine builder", "A maker of pumps", "A metal works", "A furniture factory"),
        "de": ("Ein Maschinenbauer", "Ein Pumpenhersteller", "Eine Gießerei", "Ein Möbelwerk"),
    },
    "chemicals_materials": {
        "en": ("A paint maker", "A plastics processor"),
        "de": ("Ein Lackhersteller", "Ein Kunststoffverarbeiter"),
    },
    "construction": {
        "en": ("A building contractor", "An engineering office", "A roofing firm"),
        "de": ("Ein Bauunternehmen", "Ein Ingenieurbüro", "Ein Elektrobetrieb"),
    },
    "real_estate": {
        "en": ("A housing association", "A property manager"),
        "de": ("Eine Wohnungsgenossenschaft", "Eine Hausverwaltung"),
    },
    "energy": {
        "en": ("A municipal utility", "A wind-farm operator"),
        "de": ("Ein Versorger", "Ein Betreiber von Windparks"),
    },
    "finance": {
        "en": ("A savings bank", "A leasing firm", "A credit union"),
        "de": ("Eine Sparkasse", "Eine Leasinggesellschaft"),
    },
    "insurance": {
        "en": ("An insurance broker", "A mutual insurer"),
        "de": ("Ein Versicherungsmakler", "Ein Versicherungsverein"),
    },
    "healthcare": {
        "en": ("A clinic", "A group of dental practices", "A care-home operator", "A radiology"),
        "de": ("Eine Klinik", "Ein Verbund von Zahnarztpraxen", "Ein Pflegeheimbetreiber"),
    },
    "life_sciences": {
        "en": ("A contract laboratory", "A maker of medicines"),
        "de": ("Ein Auftragslabor", "Ein Arzneimittelhersteller"),
    },
    "education": {
        "en": ("A secondary school", "A school authority", "A vocational college", "A university"),
        "de": ("Ein Gymnasium", "Ein Schulträger", "Eine Berufsschule", "Eine Hochschule"),
    },
    "public_sector": {
        "en": ("A town hall", "A district administration", "A fire service", "A public library"),
        "de": ("Eine Stadtverwaltung", "Eine Kreisverwaltung", "Eine Gemeinde"),
    },
    "professional_services": {
        "en": ("A law firm", "A tax consultancy", "An architects' office", "A notary"),
        "de": ("Eine Anwaltskanzlei", "Eine Steuerkanzlei", "Ein Architekturbüro"),
    },
    "consumer_services": {
        "en": ("A fitness chain", "A chain of opticians"),
        "de": ("Eine Fitnesskette", "Eine Optikerkette"),
    },
    "agriculture": {
        "en": ("A fruit growers' cooperative", "A seed producer"),
        "de": ("Eine Obstgenossenschaft", "Ein Saatguterzeuger"),
    },
}

# what is behind the firm's name
COMPANY_TAILS: dict[str, Pool] = {
    "software_it": {"en": ("Software",), "de": ("Software",)},
    "retail": {"en": ("Stores", "Retail"), "de": ("Handel", "Märkte")},
    "wholesale": {"en": ("Wholesale", "Supplies"), "de": ("Großhandel",)},
    "food": {"en": ("Foods", "Dairy"), "de": ("Lebensmittel", "Feinkost")},
    "hospitality": {"en": ("Hotels",), "de": ("Hotels",)},
    "travel_transport": {"en": ("Logistics", "Freight"), "de": ("Logistik", "Spedition")},
    "manufacturing": {"en": ("Machines", "Works"), "de": ("Maschinenbau", "Werke")},
    "construction": {"en": ("Construction",), "de": ("Bau",)},
    "healthcare": {"en": ("Clinics", "Health"), "de": ("Kliniken", "Gesundheit")},
    "education": {"en": ("College", "Schools"), "de": ("Schulen", "Akademie")},
    "public_sector": {"en": ("District Council",), "de": ("Kreis",)},
    "professional_services": {"en": ("Partners", "Legal"), "de": ("Kanzlei", "Partner")},
    "finance": {"en": ("Savings",), "de": ("Bank",)},
    "energy": {"en": ("Power",), "de": ("Energie",)},
}
OTHER_TAILS: Pool = {"en": ("Group", "Holding"), "de": ("Gruppe", "Holding")}

LEGAL_FORMS = {
    "DE": ("GmbH", "GmbH & Co. KG", "AG"),
    "AT": ("GmbH", "AG"),
    "CH": ("AG", "GmbH"),
    "NL": ("B.V.",),
    "BE": ("N.V.",),
    "FR": ("SAS", "SARL"),
    "PL": ("Sp. z o.o.",),
    "GB": ("Ltd",),
    "US": ("Inc.", "LLC"),
}

ROLES: Pool = {
    "en": ("Head of IT", "IT manager", "Managing director", "Operations manager", "Purchasing"),
    "de": ("Leitung IT", "IT-Administration", "Geschäftsführung", "Betriebsleitung", "Einkauf"),
}

# what is said of money and time, by temperature
MONEY: dict[str, Pool] = {
    "hot": {
        "en": (
            "The budget is signed off.",
            "Money is there and must be booked this year.",
            "Management has released the sum, one signature is left.",
            "They named a figure by themselves and it is realistic.",
            "The grant came through last week.",
        ),
        "de": (
            "Das Budget ist freigegeben.",
            "Das Geld ist da und muss dieses Jahr verbucht werden.",
            "Die Summe ist bewilligt, es fehlt eine Unterschrift.",
            "Eine Zahl wurde von selbst genannt, und sie ist realistisch.",
        ),
    },
    "warm": {
        "en": (
            "Money is planned for the coming half-year, the sum is open.",
            "The board wants to see two prices before it decides.",
            "There is a budget line, not yet an amount.",
            "They can decide up to a limit themselves, above it the owner does.",
        ),
        "de": (
            "Geld ist für das nächste Halbjahr vorgesehen, die Höhe ist offen.",
            "Die Leitung möchte zwei Preise sehen, bevor sie entscheidet.",
            "Es gibt eine Haushaltsstelle, aber noch keinen Betrag.",
            "Bis zu einer Grenze wird selbst entschieden, darüber von der Inhaberin.",
        ),
    },
    "cold": {
        "en": (
            "No budget yet: they are reading up.",
            "Nobody has asked for money so far.",
            "An idea, not a project; a good advisor can make it one.",
            "A first call opens from scratch.",
        ),
        "de": (
            "Noch kein Budget: man liest sich ein.",
            "Nach Geld hat noch niemand gefragt.",
            "Eine Idee, noch kein Projekt; gute Beratung kann eines daraus machen.",
            "Das erste Gespräch beginnt bei null.",
        ),
    },
}
TIME: dict[str, Pool] = {
    "hot": {
        "en": (
            "A call this week is expected.",
            "The date in {m} is fixed, so they won't wait.",
            "They asked twice when somebody comes by.",
            "Two suppliers were asked, the faster one has the edge.",
        ),
        "de": (
            "Ein Anruf in dieser Woche wird erwartet.",
            "Der Termin im {m} steht, gewartet wird nicht.",
            "Es wurde zweimal gefragt, wann jemand kommt.",
            "Zwei Anbieter sind angefragt, der schnellere ist im Vorteil.",
        ),
    },
    "warm": {
        "en": (
            "They want to have decided by {m}.",
            "A meeting in the next two weeks suits.",
            "No hurry, but the old contract has an end date.",
            "They decide after the holidays.",
        ),
        "de": (
            "Entschieden werden soll bis {m}.",
            "Ein Termin in den nächsten zwei Wochen passt.",
            "Keine Eile, aber der alte Vertrag hat ein Ende.",
            "Entschieden wird nach den Ferien.",
        ),
    },
    "cold": {
        "en": (
            "Nothing will happen before {m}.",
            "A mail first, then a call: that was the wish.",
            "They did not ask to be called, so be gentle.",
        ),
        "de": (
            "Vor {m} passiert nichts.",
            "Erst eine Mail, dann ein Anruf: so wurde es gewünscht.",
            "Um einen Anruf wurde nicht gebeten, also behutsam.",
        ),
    },
}
DECIDERS: Pool = {
    "en": (
        "The IT manager decides together with the plant manager.",
        "The owner decides, the office manager prepares it.",
        "Purchasing has a say once it is above the limit.",
        "One person decides, and we spoke to that person.",
        "A committee of three meets every second Tuesday.",
    ),
    "de": (
        "Die IT entscheidet zusammen mit der Betriebsleitung.",
        "Die Inhaberin entscheidet, das Büro bereitet vor.",
        "Ab einer gewissen Summe redet der Einkauf mit.",
        "Eine Person entscheidet, und mit ihr haben wir gesprochen.",
        "Ein Kreis von dreien trifft sich jeden zweiten Dienstag.",
    ),
}

TIME_FRAMES: dict[str, Pool] = {
    "hot": {"en": ("within 4 weeks", "within 2 months"), "de": ("in 4 Wochen", "in 2 Monaten")},
    "warm": {
        "en": ("within 3 months", "within 6 months", "this half-year"),
        "de": ("in 3 Monaten", "in 6 Monaten", "im nächsten Halbjahr"),
    },
    "cold": {"en": ("next year", "open", "within 12 months"), "de": ("nächstes Jahr", "offen")},
}

SOURCES = {
    "hot": ("phone_inquiry", "trade_show", "web_registration", "existing_customer", "referral"),
    "warm": ("web_registration", "trade_show", "webinar", "tele_sales", "email_campaign"),
    "cold": ("content_download", "webinar", "purchased_list", "advertising", "social_media"),
}

# how to approach them, where that is more than the source says
EXPECTATIONS: dict[str, Pool] = {
    "hot": {
        "en": (
            "Called after the trade fair, expects a call this week.",
            "Asked for a visit and a price.",
            "Waits for the call back, mornings are best.",
        ),
        "de": (
            "Hat nach der Messe angerufen und erwartet diese Woche einen Anruf.",
            "Bittet um Besuch und Preis.",
            "Wartet auf den Rückruf, vormittags ist es am besten.",
        ),
    },
    "warm": {
        "en": (
            "Wants advice first, a price later.",
            "Asked for a reference from the same trade.",
            "Agreed to be called by a partner nearby.",
        ),
        "de": (
            "Möchte zuerst Beratung, dann einen Preis.",
            "Fragt nach einer Referenz aus der Branche.",
            "Ist mit dem Anruf eines Partners in der Nähe einverstanden.",
        ),
    },
    "cold": {
        "en": ("Read a paper and has not asked for a call.", "Knows the brand by name only."),
        "de": ("Hat Unterlagen geladen, nicht um Anruf gebeten.", "Kennt nur den Namen der Marke."),
    },
}

MONTHS: Pool = {
    "en": (
        *("January", "February", "March", "April", "May", "June", "July", "August"),
        *("September", "October", "November", "December"),
    ),
    "de": (
        *("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August"),
        *("September", "Oktober", "November", "Dezember"),
    ),
}

# the qualifier's answers to the script
ANSWERS: dict[str, dict[str, Pool]] = {
    "budget": {
        "hot": {
            "en": ("Yes, released. Managing director signs.", "Yes, in this year's plan."),
            "de": ("Ja, freigegeben. Geschäftsführung zeichnet.", "Ja, im Plan dieses Jahres."),
        },
        "warm": {
            "en": ("Planned, the amount follows from the offers.", "A frame, not yet a figure."),
            "de": ("Vorgesehen, Höhe nach den Angeboten.", "Ein Rahmen, noch keine Zahl."),
        },
        "cold": {
            "en": ("Not yet.", "Unclear, would have to be applied for."),
            "de": ("Noch nicht.", "Unklar, müsste beantragt werden."),
        },
    },
    "authority": {
        "hot": {
            "en": ("Our contact decides.", "Contact and owner, both want it."),
            "de": ("Der Kontakt entscheidet.", "Kontakt und Inhaber, beide möchten es."),
        },
        "warm": {
            "en": ("Contact prepares, the board decides.", "IT and purchasing together."),
            "de": ("Kontakt bereitet vor, Leitung entscheidet.", "IT und Einkauf gemeinsam."),
        },
        "cold": {
            "en": ("Not known yet.", "Contact gathers facts for somebody else."),
            "de": ("Noch nicht bekannt.", "Kontakt sammelt Angaben für andere."),
        },
    },
}
COMPETITORS: Pool = {
    "en": ("Nobody so far.", "The present supplier.", "Two others, names not given."),
    "de": ("Bisher niemand.", "Der heutige Lieferant.", "Zwei andere, ohne Namen."),
}

# what reps report, by answer
NOTES: dict[str, Pool] = {
    "not_contacted": {
        "en": (
            "Rang twice, left a message with reception.",
            "On a business trip until Thursday, says the office.",
            "Wrote a mail, will ring tomorrow morning.",
        ),
        "de": (
            "Zweimal angerufen, Nachricht beim Empfang hinterlassen.",
            "Laut Büro bis Donnerstag auf Dienstreise.",
            "Mail geschrieben, Anruf morgen früh.",
        ),
    },
    "waiting": {
        "en": (
            "Good talk, they send us the floor plans.",
            "Visited them; they settle the scope inside the house first.",
            "Asked for two references, sent them today.",
            "They wait for the landlord's word on cabling.",
            "Sent questions about quantities, answer promised for next week.",
        ),
        "de": (
            "Gutes Gespräch, sie schicken uns die Pläne.",
            "Waren vor Ort; der Umfang wird intern noch geklärt.",
            "Zwei Referenzen gewünscht, heute geschickt.",
            "Rückmeldung zu den Stückzahlen für nächste Woche zugesagt.",
        ),
    },
    "proposal": {
        "en": (
            "Offer is out, presentation next week.",
            "Revised the offer: fewer devices, longer service.",
            "They compare us with one other, price is close.",
            "Loan device is running since Monday.",
        ),
        "de": (
            "Angebot ist raus, Vorstellung nächste Woche.",
            "Angebot überarbeitet: weniger Geräte, längerer Service.",
            "Sie vergleichen mit einem anderen, der Preis liegt nah beieinander.",
            "Leihgerät läuft seit Montag.",
        ),
    },
    "won": {
        "en": (
            "Order is in, installation in four weeks.",
            "Signed today. The migration plan made the difference.",
            "Won with a service contract over five years.",
        ),
        "de": (
            "Auftrag ist da, Montage in vier Wochen.",
            "Heute unterschrieben. Der Umzugsplan gab den Ausschlag.",
            "Gewonnen, mit Service über fünf Jahre.",
        ),
    },
    "lost": {
        "en": (
            "They stay with what they have for another year.",
            "Went to the supplier they have known for years.",
            "Pity: a good contact, maybe next time.",
        ),
        "de": (
            "Sie bleiben noch ein Jahr bei dem, was da ist.",
            "Ging an den langjährigen Lieferanten.",
            "Schade: guter Kontakt, vielleicht beim nächsten Mal.",
        ),
    },
}
NEXT_STEPS: Pool = {
    "en": ("Ring again", "Visit on site", "Send the offer", "Follow up on the offer"),
    "de": ("Noch einmal anrufen", "Termin vor Ort", "Angebot schicken", "Angebot nachfassen"),
}
DECISION_MAKERS: Pool = {
    "en": ("Managing director", "Head of IT", "Purchasing", "The owner", "The board"),
    "de": ("Geschäftsführung", "IT-Leitung", "Einkauf", "Die Inhaberin", "Der Vorstand"),
}
LOST_REASONS = (
    ("price", 7),
    ("competitor", 5),
    ("no_budget", 5),
    ("postponed", 6),
    ("no_need", 4),
    ("missing_feature", 2),
    ("no_answer", 5),
    ("came_too_late", 2),
    ("other", 1),
)
GIVE_BACK_REASONS = ("no_capacity", "missing_skill", "no_such_need", "unreachable", "wrong_number")
DECLINE_REASONS = ("no_capacity", "too_far", "not_our_field", "too_small", "too_large")
DISQUALIFY_REASONS = (
    ("not_real", 6),
    ("wrong_contact", 5),
    ("duplicate", 4),
    ("not_interested", 7),
    ("no_budget", 4),
    ("bad_timing", 4),
    ("abandoned", 5),
    ("do_not_call", 3),
)
