"""What customers of the demo ask for: titles and sentences in English and German. Data only.

Slots: `{who}` the kind of firm as a subject, `{n}` pieces, `{s}` sites, `{y}` years, `{p}` people,
`{m}` a month. Nothing here names anybody.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Words:
    """The sentences of a topic in one language."""

    titles: tuple[str, ...]
    needs: tuple[str, ...]
    details: tuple[str, ...]
    hints: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Topic:
    """A kind of project. `price` is euro per piece; no industries means any."""

    key: str
    brand: str
    products: tuple[str, ...]
    pieces: tuple[int, int]
    price: int
    en: Words
    de: Words
    industries: tuple[str, ...] = ()
    weight: int = 10
    recruit: bool = field(default=False)


TOPICS: tuple[Topic, ...] = (
    Topic(
        "switches",
        "arvena",
        ("switches",),
        (8, 60),
        1400,
        Words(
            (
                "Replace {n} ageing switches across {s} sites",
                "New network cabinets and {n} switches before {m}",
                "Core switches out of support, {n} access switches to follow",
                "Network renewal: {n} switches, first site in {m}",
                "{n} switches for a production hall extension",
            ),
            (
                "{who} runs {n} switches that are {y} years old, and the first ones fail.",
                "{who} had two network outages this autumn and wants {n} switches replaced.",
                "{who} is adding a hall and needs {n} switches with enough power for cameras.",
                "{who} must separate office and machine network; {n} switches are in scope.",
            ),
            (
                "The cabinets are documented, floor plans can be had after the first call.",
                "Cabling was renewed last year, so the job is hardware, moving and handover.",
                "Work is possible on Saturdays only, the shifts run from Monday to Friday.",
                "Spare parts are bought second-hand at the moment, which nobody likes.",
                "One rack per floor, fibre between the buildings, no redundancy today.",
            ),
            (
                "They liked the ten-year warranty; bring the service levels along.",
                "An on-site look is wanted before any figure is named.",
                "Whoever shows a clean migration plan has good cards.",
            ),
        ),
        Words(
            (
                "{n} alte Switches an {s} Standorten ersetzen",
                "Neue Netzwerkschränke und {n} Switches bis {m}",
                "Kern-Switches ohne Support, {n} weitere folgen",
                "Netzwerk erneuern: {n} Switches, Start im {m}",
            ),
            (
                "{who} betreibt {n} Switches, die {y} Jahre alt sind; die ersten fallen aus.",
                "{who} hatte im Herbst zwei Netzausfälle und möchte {n} Switches tauschen.",
                "{who} baut eine Halle an und braucht {n} Switches mit genug Strom für Kameras.",
                "{who} muss Büro- und Maschinennetz trennen; es geht um {n} Switches.",
            ),
            (
                "Die Schränke sind dokumentiert, Pläne gibt es nach dem ersten Gespräch.",
                "Verkabelt wurde letztes Jahr neu, es geht um Geräte, Umzug und Einweisung.",
                "Gearbeitet werden kann nur samstags, sonst laufen die Schichten.",
                "Ersatzteile kommen zurzeit gebraucht aus dem Netz, das soll aufhören.",
            ),
            (
                "Die lange Garantie kam gut an, bitte die Service-Stufen mitbringen.",
                "Vor einer Zahl ist ein Termin vor Ort gewünscht.",
                "Wer einen sauberen Umzugsplan zeigt, hat gute Karten.",
            ),
        ),
        ("manufacturing", "food", "construction", "chemicals_materials", "automotive", "energy"),
        weight=14,
    ),
    Topic(
        "school_wifi",
        "arvena",
        ("access_points", "site_survey"),
        (20, 140),
        430,
        Words(
            (
                "Wi-Fi for {s} school buildings, tender text wanted",
                "{n} access points for classrooms, ready by {m}",
                "Stable Wi-Fi for tablets in every classroom",
                "School campus: survey first, then {n} access points",
            ),
            (
                "{who} wants Wi-Fi in every classroom; around {n} access points are expected.",
                "{who} hands out tablets from {m}, and the present Wi-Fi breaks with one class.",
                "{who} got funding for Wi-Fi in {s} buildings and must spend it within the year.",
            ),
            (
                "The clerk asks for a sample tender text and a rough price per classroom.",
                "Two further buildings follow next year if this one goes well.",
                "Thick walls in the old wing, the sports hall has never had reception.",
                "Separate networks for lessons, administration and guests are a must.",
                "Installation has to happen in the holidays.",
            ),
            (
                "References from other schools open the door here.",
                "A short survey with a heat map would win them over.",
                "They want one contact for planning and for later faults.",
            ),
        ),
        Words(
            (
                "WLAN für {s} Schulgebäude, Ausschreibungstext gewünscht",
                "{n} Access Points für Klassenräume, fertig bis {m}",
                "Stabiles WLAN für Tablets in jedem Klassenraum",
                "Schulcampus: erst ausmessen, dann {n} Access Points",
            ),
            (
                "{who} möchte WLAN in jedem Klassenraum; etwa {n} Access Points sind im Gespräch.",
                "{who} gibt ab {m} Tablets aus, das heutige WLAN trägt keine ganze Klasse.",
                "{who} hat Fördermittel für {s} Gebäude, die dieses Jahr ausgegeben sein müssen.",
            ),
            (
                "Gefragt ist ein Mustertext für die Ausschreibung und ein Preis je Raum.",
                "Zwei weitere Gebäude folgen, wenn dieses gut läuft.",
                "Dicke Wände im Altbau, die Turnhalle hatte noch nie Empfang.",
                "Getrennte Netze für Unterricht, Verwaltung und Gäste sind Pflicht.",
                "Montiert werden kann nur in den Ferien.",
            ),
            (
                "Referenzen aus anderen Schulen öffnen hier die Tür.",
                "Eine kurze Ausmessung mit Karte würde überzeugen.",
                "Gewünscht ist ein Ansprechpartner für Planung und spätere Störungen.",
            ),
        ),
        ("education", "public_sector"),
        weight=12,
    ),
    Topic(
        "hall_wifi",
        "arvena",
        ("access_points", "site_survey"),
        (14, 90),
        540,
        Words(
            (
                "Wi-Fi for scanners in a warehouse with {n} aisles",
                "Gap-free Wi-Fi for forklifts in {s} halls",
                "High-rack warehouse: survey and {n} access points",
                "Handheld scanners lose contact, new Wi-Fi by {m}",
            ),
            (
                "{who} moves to handheld scanners, and reception ends between the high racks.",
                "{who} loses about an hour a shift because forklift terminals drop off the Wi-Fi.",
                "{who} opens a new hall in {m} and plans with {n} access points.",
            ),
            (
                "The cold store is part of it, so the devices must stand minus 22 degrees.",
                "A survey was done {y} years ago and is not worth much any more.",
                "Lifting platforms are on site, ceilings are twelve metres high.",
                "The scanner vendor has been chosen, the Wi-Fi has not.",
            ),
            (
                "Bring a measured example from another warehouse.",
                "Roaming times matter more than the price per device.",
                "They ask who comes when it stands still at five in the morning.",
            ),
        ),
        Words(
            (
                "WLAN für Scanner im Lager mit {n} Gängen",
                "Lückenloses WLAN für Stapler in {s} Hallen",
                "Hochregallager: Ausmessung und {n} Access Points",
                "Handscanner verlieren die Verbindung, neues WLAN bis {m}",
            ),
            (
                "{who} stellt auf Handscanner um, zwischen den Regalen reißt der Empfang ab.",
                "{who} verliert je Schicht eine Stunde, weil Staplerterminals aus dem WLAN fallen.",
                "{who} nimmt im {m} eine neue Halle in Betrieb und plant {n} Access Points.",
            ),
            (
                "Das Kühllager gehört dazu, die Geräte müssen minus 22 Grad vertragen.",
                "Die letzte Ausmessung ist {y} Jahre her und nicht mehr viel wert.",
                "Hebebühnen sind vorhanden, die Decken zwölf Meter hoch.",
                "Der Anbieter der Scanner steht fest, das WLAN noch nicht.",
            ),
            (
                "Ein gemessenes Beispiel aus einem anderen Lager hilft sehr.",
                "Die Wechselzeiten zählen mehr als der Stückpreis.",
                "Wichtig ist, wer kommt, wenn morgens um fünf alles steht.",
            ),
        ),
        ("travel_transport", "wholesale", "retail", "manufacturing", "food"),
        weight=11,
    ),
    Topic(
        "guest_wifi",
        "arvena",
        ("access_points",),
        (20, 150),
        390,
        Words(
            (
                "Guest Wi-Fi for {n} rooms",
                "Hotel Wi-Fi: guests complain, renovation in {m}",
                "Wi-Fi for guests and staff in {s} houses",
                "Guest network with sign-in page, {n} rooms",
            ),
            (
                "{who} reads about its Wi-Fi in every second review and has had enough.",
                "{who} renovates {n} rooms and wants the Wi-Fi done while the ceilings are open.",
                "{who} runs {s} houses with three kinds of Wi-Fi and wants one.",
            ),
            (
                "There is a cable to every second room, the others need a plan.",
                "Payment terminals must be kept apart from the guests.",
                "The operator wants to see from one screen which house is down.",
                "The season starts after Easter, nothing may be open by then.",
            ),
            (
                "A monthly price per room would suit them better than an invoice.",
                "A test floor before the order is expected.",
            ),
        ),
        Words(
            (
                "Gäste-WLAN für {n} Zimmer",
                "Hotel-WLAN: Gäste klagen, Umbau im {m}",
                "WLAN für Gäste und Personal in {s} Häusern",
            ),
            (
                "{who} liest in jeder zweiten Bewertung vom WLAN und möchte das ändern.",
                "{who} renoviert {n} Zimmer; das WLAN soll kommen, solange die Decken offen sind.",
                "{who} betreibt {s} Häuser mit drei verschiedenen WLANs und möchte eines.",
            ),
            (
                "Zu jedem zweiten Zimmer liegt ein Kabel, der Rest braucht einen Plan.",
                "Kartenterminals müssen von den Gästen getrennt sein.",
                "Die Saison beginnt nach Ostern, bis dahin muss alles zu sein.",
            ),
            (
                "Ein Monatspreis je Zimmer passt besser als eine große Rechnung.",
                "Vor dem Auftrag wird eine Musteretage erwartet.",
            ),
        ),
        ("hospitality", "healthcare", "real_estate", "consumer_services"),
        weight=8,
    ),
    Topic(
        "branches",
        "arvena",
        ("routers",),
        (6, 80),
        880,
        Words(
            (
                "Connect {n} branches, old lines end in {m}",
                "Branch routers with mobile fallback for {n} shops",
                "{n} branch offices: one template instead of many",
                "New routers for {n} outlets, roll-out in three waves",
            ),
            (
                "{who} has to connect {n} branches anew because the old lines are switched off.",
                "{who} loses card payments whenever a line drops and wants a mobile fallback.",
                "{who} grew by buying smaller firms; its {n} branches are all wired differently.",
            ),
            (
                "A pilot with three branches is agreed inside the house.",
                "Staff on site can plug in a cable, but not more.",
                "The tariff is settled already, only devices and roll-out are open.",
                "Opening hours leave two hours in the morning for the change.",
            ),
            (
                "Show how a box is sent out pre-configured.",
                "They want a fixed price per branch, travel included.",
            ),
        ),
        Words(
            (
                "{n} Filialen neu anbinden, alte Leitungen enden im {m}",
                "Router mit Mobilfunk-Ersatz für {n} Läden",
                "{n} Filialen: eine Vorlage statt vieler",
            ),
            (
                "{who} muss {n} Filialen neu anbinden, weil die alten Leitungen enden.",
                "{who} verliert Kartenzahlungen, sobald eine Leitung ausfällt, und sucht Ersatz.",
                "{who} ist durch Zukäufe gewachsen; jede der {n} Filialen ist anders verkabelt.",
            ),
            (
                "Ein Versuch mit drei Filialen ist im Haus abgestimmt.",
                "Das Personal vor Ort kann ein Kabel stecken, mehr nicht.",
                "Der Tarif steht, offen sind Geräte und Einführung.",
            ),
            (
                "Bitte zeigen, wie ein Gerät fertig eingerichtet verschickt wird.",
                "Gewünscht ist ein Festpreis je Filiale mit Anfahrt.",
            ),
        ),
        ("retail", "finance", "insurance", "consumer_services", "food"),
        weight=9,
    ),
    Topic(
        "firewalls",
        "halvex",
        ("firewalls",),
        (2, 14),
        6200,
        Words(
            (
                "Firewall renewal, licences end in {m}",
                "{n} firewalls for {s} sites, one policy",
                "Replace the firewall pair before support ends",
                "Insurer asks for a new firewall by {m}",
                "Remote access and firewall from one hand, {p} people",
            ),
            (
                "{who} has a firewall pair whose licences end in {m}, and won't renew them.",
                "{who} runs {n} firewalls from three makers and wants one policy for all sites.",
                "{who} must show the cyber insurer a supported firewall by {m}.",
                "{who} sends {p} people to work from home over a gateway that is {y} years old.",
            ),
            (
                "About 140 rules have grown over the years; half of them nobody can explain.",
                "The change must fit into one night, with a way back.",
                "Reports for the auditor are wanted every month without handiwork.",
                "Two admins, both willing to learn, neither a firewall specialist.",
            ),
            (
                "Offer a clean-up of the rules, that is what they fear most.",
                "A loan device for two weeks would decide it.",
                "They compare on service hours more than on the box.",
            ),
        ),
        Words(
            (
                "Firewall erneuern, Lizenzen enden im {m}",
                "{n} Firewalls für {s} Standorte, ein Regelwerk",
                "Firewall-Paar tauschen, bevor der Support endet",
                "Versicherer verlangt neue Firewall bis {m}",
            ),
            (
                "{who} hat ein Firewall-Paar, dessen Lizenzen im {m} enden, und möchte wechseln.",
                "{who} betreibt {n} Firewalls von drei Herstellern und möchte ein Regelwerk.",
                "{who} muss dem Cyber-Versicherer bis {m} eine gepflegte Firewall zeigen.",
                "{who} lässt {p} Leute über ein {y} Jahre altes Gateway von zu Hause arbeiten.",
            ),
            (
                "Rund 140 Regeln sind gewachsen, die Hälfte kann niemand mehr erklären.",
                "Der Wechsel muss in eine Nacht passen, mit Rückweg.",
                "Berichte für die Revision sollen jeden Monat von selbst kommen.",
                "Zwei Administratoren, lernbereit, aber keine Firewall-Spezialisten.",
            ),
            (
                "Das Aufräumen der Regeln anbieten: davor haben sie am meisten Respekt.",
                "Ein Leihgerät für zwei Wochen würde es entscheiden.",
                "Verglichen werden eher Servicezeiten als Geräte.",
            ),
        ),
        weight=13,
    ),
    Topic(
        "endpoints",
        "halvex",
        ("endpoint_protection", "security_check"),
        (30, 800),
        46,
        Words(
            (
                "Endpoint protection for {n} PCs after an incident",
                "{n} notebooks: protection that somebody watches",
                "Security check-up, then endpoint protection for {n} devices",
                "Virus scanner runs out in {m}, {n} devices",
            ),
            (
                "{who} had an encrypted file server in spring and wants to sleep again.",
                "{who} protects {n} devices with three products and sees none of the alarms.",
                "{who} lets its licences for {n} devices run out in {m} and looks for better.",
            ),
            (
                "Backups saved the day last time, but two weeks of work were lost.",
                "Some machines still run systems that are out of support; they can't be replaced.",
                "Nobody in the house can read alarms at night.",
                "Management asks for a check from outside before money is spent.",
            ),
            (
                "Somebody who also answers at night would win this.",
                "Start with the check-up: the budget for it is free.",
            ),
        ),
        Words(
            (
                "Schutz für {n} PCs nach einem Vorfall",
                "{n} Notebooks: Schutz, auf den jemand schaut",
                "Erst Sicherheits-Check, dann Schutz für {n} Geräte",
            ),
            (
                "{who} hatte einen verschlüsselten Server und will wieder ruhig schlafen.",
                "{who} schützt {n} Geräte mit drei Produkten und sieht keinen der Alarme.",
                "{who} lässt die Lizenzen für {n} Geräte im {m} auslaufen und sucht Besseres.",
            ),
            (
                "Die Sicherung hat geholfen, zwei Wochen Arbeit waren trotzdem weg.",
                "Einige Maschinen laufen auf alten Systemen, die bleiben müssen.",
                "Nachts kann im Haus niemand auf Alarme schauen.",
            ),
            (
                "Wer auch nachts antwortet, hat hier gewonnen.",
                "Mit dem Check beginnen: dafür ist Geld da.",
            ),
        ),
        ("professional_services", "manufacturing", "public_sector", "healthcare", "finance"),
        weight=10,
    ),
    Topic(
        "storage",
        "cordal",
        ("storage_arrays", "backup"),
        (1, 5),
        36000,
        Words(
            (
                "Storage at its limit, replacement planned for {m}",
                "New storage for {p} people and two machine rooms",
                "Storage arrays mirrored across two rooms",
                "Image archive grows by a third each year",
            ),
            (
                "{who} has storage that is {y} years old, 92 percent full and out of maintenance.",
                "{who} wants its data mirrored into a second room after a water damage.",
                "{who} keeps images for ten years and runs out of room in {m}.",
            ),
            (
                "Around 40 virtual servers hang on it, the database is the touchy one.",
                "Two machine rooms, 300 metres apart, fibre is in the ground.",
                "Maintenance of the old system costs more than a new one would.",
                "They ask for five years of service with parts within four hours.",
            ),
            (
                "Bring a sizing for today and one for three years on.",
                "They want to hear how the data get across without a lost weekend.",
            ),
        ),
        Words(
            (
                "Speicher voll, Ersatz geplant für {m}",
                "Neuer Speicher für {p} Leute und zwei Serverräume",
                "Bildarchiv wächst jedes Jahr um ein Drittel",
            ),
            (
                "{who} hat einen {y} Jahre alten Speicher, zu 92 Prozent voll und ohne Wartung.",
                "{who} möchte die Daten nach einem Wasserschaden in einen zweiten Raum spiegeln.",
                "{who} hebt Bilder zehn Jahre auf und hat ab {m} keinen Platz mehr.",
            ),
            (
                "Etwa 40 virtuelle Server hängen daran, die Datenbank ist die empfindliche.",
                "Zwei Serverräume, 300 Meter entfernt, Glasfaser liegt.",
                "Die Wartung des alten Systems kostet mehr als ein neues.",
            ),
            (
                "Bitte eine Auslegung für heute und eine für in drei Jahren mitbringen.",
                "Gefragt ist, wie die Daten ohne verlorenes Wochenende umziehen.",
            ),
        ),
        ("healthcare", "manufacturing", "life_sciences", "media", "finance", "public_sector"),
        weight=9,
    ),
    Topic(
        "backup",
        "cordal",
        ("backup", "cloud_backup"),
        (12, 280),
        240,
        Words(
            (
                "Backup that restores: {n} TB, tested every month",
                "Cloud copy for {n} TB of backups",
                "Tapes to be replaced before {m}",
                "Backup software change, {n} TB in {s} sites",
            ),
            (
                "{who} tried a restore of {n} TB last month and gave up after two days.",
                "{who} carries tapes home in a bag and knows that this has to end.",
                "{who} needs a copy of {n} TB outside the house, by its insurer's wish.",
            ),
            (
                "Mail and files in the cloud are not backed up at all today.",
                "The line is 500 megabit, so the first copy will have to travel.",
                "A restore must be shown to the auditor twice a year.",
            ),
            (
                "Offer a restore test as the first step.",
                "Data have to stay in the country, say where they are.",
            ),
        ),
        Words(
            (
                "Sicherung, die auch zurückkommt: {n} TB",
                "Kopie von {n} TB in der Cloud",
                "Bänder ablösen bis {m}",
            ),
            (
                "{who} wollte letzten Monat {n} TB zurückholen und gab nach zwei Tagen auf.",
                "{who} trägt Bänder in der Tasche nach Hause und weiß, dass das enden muss.",
                "{who} braucht auf Wunsch des Versicherers eine Kopie von {n} TB außer Haus.",
            ),
            (
                "Mails und Dateien in der Cloud werden bisher gar nicht gesichert.",
                "Die Leitung hat 500 Megabit, die erste Kopie muss also reisen.",
                "Zweimal im Jahr muss eine Rücksicherung gezeigt werden.",
            ),
            (
                "Als ersten Schritt eine Rücksicherung zur Probe anbieten.",
                "Die Daten müssen im Land bleiben, bitte sagen, wo sie liegen.",
            ),
        ),
        weight=9,
    ),
    Topic(
        "signage",
        "lumetra",
        ("signage",),
        (4, 60),
        1750,
        Words(
            (
                "{n} displays for shop windows",
                "Digital signage in {s} locations, content from one desk",
                "Menu boards: {n} displays before {m}",
                "Information screens for waiting rooms, {n} pieces",
            ),
            (
                "{who} prints posters for {n} places every week and wants displays instead.",
                "{who} saw a display at the fair and asks for {n} of them.",
                "{who} opens {s} refurbished locations in {m} and plans displays in each.",
            ),
            (
                "Two windows face south, so brightness is the first question.",
                "Content comes from an agency, they need a simple way to hand it over.",
                "Power is there, network is not everywhere.",
                "Mounting has to be done before opening time.",
            ),
            (
                "A test display in one window would speed this up.",
                "They ask for leasing over four years.",
            ),
        ),
        Words(
            (
                "{n} Bildschirme für Schaufenster",
                "Digitale Anzeigen an {s} Orten, Inhalte von einer Stelle",
                "Speisekarten auf {n} Bildschirmen bis {m}",
            ),
            (
                "{who} druckt jede Woche Plakate für {n} Plätze und möchte Bildschirme.",
                "{who} hat auf der Messe ein Gerät gesehen und fragt nach {n} Stück.",
                "{who} eröffnet im {m} {s} umgebaute Häuser und plant überall Anzeigen.",
            ),
            (
                "Zwei Fenster gehen nach Süden, die Helligkeit ist die erste Frage.",
                "Die Inhalte kommen von einer Agentur und sollen einfach ankommen.",
                "Strom liegt, Netzwerk nicht überall.",
            ),
            (
                "Ein Testgerät in einem Fenster würde es beschleunigen.",
                "Gefragt ist Leasing über vier Jahre.",
            ),
        ),
        ("retail", "hospitality", "healthcare", "public_sector", "automotive", "consumer_goods"),
        weight=8,
    ),
    Topic(
        "meeting_rooms",
        "lumetra",
        ("meeting_rooms",),
        (3, 30),
        3900,
        Words(
            (
                "{n} meeting rooms, same button in each",
                "Displays and cameras for {n} rooms by {m}",
                "New head office: {n} meeting rooms to equip",
                "Hybrid meetings that start on time, {n} rooms",
            ),
            (
                "{who} loses ten minutes at the start of every call and wants {n} rooms equipped.",
                "{who} moves in {m} and wants {n} rooms that work alike.",
                "{who} has one good room that is always taken; {n} more should become like it.",
            ),
            (
                "Rooms for four, eight and sixteen, drawings are at hand.",
                "Sound is the sore point, glass on two sides.",
                "Room booking at the door would be welcome.",
            ),
            (
                "Invite them to try a room, that convinced the works council last time.",
                "They want one price per room size.",
            ),
        ),
        Words(
            (
                "{n} Besprechungsräume, überall derselbe Knopf",
                "Bildschirme und Kameras für {n} Räume bis {m}",
                "Neues Bürohaus: {n} Besprechungsräume ausstatten",
            ),
            (
                "{who} verliert am Anfang jeder Besprechung zehn Minuten; es geht um {n} Räume.",
                "{who} zieht im {m} um und möchte {n} Räume, die gleich funktionieren.",
                "{who} hat einen guten Raum, der immer belegt ist; {n} weitere sollen so werden.",
            ),
            (
                "Räume für vier, acht und sechzehn Leute, Zeichnungen liegen vor.",
                "Der Ton ist das Sorgenkind, zwei Seiten sind aus Glas.",
                "Eine Buchung an der Tür wäre willkommen.",
            ),
            (
                "Zum Ausprobieren einladen, das hat beim letzten Mal überzeugt.",
                "Gewünscht ist ein Preis je Raumgröße.",
            ),
        ),
        ("professional_services", "finance", "public_sector", "software_it", "marketing"),
        weight=8,
    ),
    Topic(
        "telephony",
        "tonvik",
        ("cloud_telephony", "ip_phones"),
        (18, 380),
        175,
        Words(
            (
                "Telephony from the cloud for {n} people",
                "Phone system ends in {m}, {n} extensions",
                "{n} phones, {s} sites, one switchboard",
                "Call queues for a service team of {p}",
            ),
            (
                "{who} has a phone system that nobody repairs any more; {n} extensions hang on it.",
                "{who} wants {n} people reachable on one number, at the desk and on the road.",
                "{who} misses every fifth call in the morning and wants queues and figures.",
            ),
            (
                "Door phones and two lift emergency lines belong to it.",
                "Numbers must be kept, the contract with the carrier ends in {m}.",
                "Headsets have been bought already.",
                "About half of the desks need a real phone, the others don't.",
            ),
            (
                "Show the switchboard view, reception decides with them.",
                "A parallel run of two weeks takes away the fear.",
            ),
        ),
        Words(
            (
                "Telefonie aus der Cloud für {n} Leute",
                "Telefonanlage endet im {m}, {n} Nebenstellen",
                "{n} Telefone, {s} Standorte, eine Zentrale",
            ),
            (
                "{who} hat eine Anlage, die niemand mehr repariert; {n} Nebenstellen hängen daran.",
                "{who} möchte {n} Leute unter einer Nummer erreichen, am Platz und unterwegs.",
                "{who} verpasst morgens jeden fünften Anruf und möchte Warteschlangen.",
            ),
            (
                "Türsprechstellen und zwei Aufzugsnotrufe gehören dazu.",
                "Die Rufnummern müssen bleiben, der Vertrag endet im {m}.",
                "Headsets sind schon gekauft.",
            ),
            (
                "Die Ansicht der Zentrale zeigen, der Empfang entscheidet mit.",
                "Zwei Wochen Parallelbetrieb nehmen die Sorge.",
            ),
        ),
        weight=11,
    ),
    Topic(
        "printers",
        "pressano",
        ("office_printers", "managed_print"),
        (8, 90),
        920,
        Words(
            (
                "{n} printers as a service, price per page",
                "Print contract ends in {m}, {n} devices",
                "Fewer printers: {n} today, half of them tomorrow",
                "Printing with a badge on {s} floors",
            ),
            (
                "{who} leases {n} printers from four suppliers and reads four invoices a month.",
                "{who} ends its print contract in {m} and wants to know what {n} devices cost.",
                "{who} finds confidential pages in the tray and wants release by badge.",
            ),
            (
                "About 60,000 pages a month, a tenth of them in colour.",
                "Two plotters for drawings are part of it.",
                "Badges for the doors exist and should be used.",
            ),
            (
                "Count first: they would give access for two weeks.",
                "Service within a day matters, they were left alone before.",
            ),
        ),
        Words(
            (
                "{n} Drucker als Dienst, Preis je Seite",
                "Druckvertrag endet im {m}, {n} Geräte",
                "Weniger Drucker: heute {n}, künftig die Hälfte",
            ),
            (
                "{who} least {n} Drucker bei vier Anbietern und prüft vier Rechnungen im Monat.",
                "{who} beendet im {m} den Druckvertrag und fragt, was {n} Geräte kosten.",
                "{who} findet vertrauliche Seiten im Ausgabefach und möchte Freigabe mit Ausweis.",
            ),
            (
                "Rund 60.000 Seiten im Monat, ein Zehntel davon farbig.",
                "Zwei Plotter für Zeichnungen gehören dazu.",
                "Ausweise für die Türen gibt es und sollen mitbenutzt werden.",
            ),
            (
                "Erst zählen: zwei Wochen Zugang wären möglich.",
                "Service am selben Tag zählt, man wurde schon einmal allein gelassen.",
            ),
        ),
        ("professional_services", "public_sector", "education", "insurance", "construction"),
        weight=8,
    ),
    Topic(
        "labels",
        "pressano",
        ("label_printers",),
        (3, 45),
        1150,
        Words(
            (
                "{n} label printers for the packing line",
                "Pallet labels: {n} printers that survive dust",
                "Label printers with service overnight, {n} pieces",
            ),
            (
                "{who} packs in three shifts, and every label printer that stops costs a lorry.",
                "{who} changes its labels by law in {m} and needs {n} printers that can do them.",
                "{who} prints pallet labels on {n} devices that are {y} years old.",
            ),
            (
                "They drive the printers from the merchandise system, drivers exist.",
                "Dust and heat near the oven are the reason for failures.",
                "Ribbons and labels should come with the contract.",
            ),
            (
                "Bring a sample print on their own material.",
                "A spare device on site will be asked for.",
            ),
        ),
        Words(
            (
                "{n} Etikettendrucker für die Packstraße",
                "Palettenetiketten: {n} Drucker, die Staub vertragen",
            ),
            (
                "{who} packt in drei Schichten; steht ein Etikettendrucker, fehlt ein Lkw.",
                "{who} muss ab {m} andere Etiketten drucken und braucht {n} Geräte dafür.",
                "{who} druckt Palettenetiketten auf {n} Geräten, die {y} Jahre alt sind.",
            ),
            (
                "Gedruckt wird aus der Warenwirtschaft, Treiber sind vorhanden.",
                "Staub und Wärme am Ofen sind der Grund für die Ausfälle.",
                "Farbbänder und Etiketten sollen zum Vertrag gehören.",
            ),
            (
                "Ein Probedruck auf eigenem Material überzeugt.",
                "Nach einem Ersatzgerät vor Ort wird gefragt werden.",
            ),
        ),
        ("food", "travel_transport", "manufacturing", "wholesale", "life_sciences", "agriculture"),
        weight=7,
    ),
    Topic(
        "recruit",
        "arvena",
        (),
        (6, 40),
        2500,
        Words(
            (
                "Service firm of {n} people asks how to become a partner",
                "Electrical contractor wants to sell networks",
                "Telephone dealer looks for a second leg to stand on",
            ),
            (
                "{who} installs cabling for its customers and would like to sell the network too.",
                "{who} with {n} people loses customers who want everything from one hand.",
                "{who} has sold one brand for {y} years and looks for a second one.",
            ),
            (
                "Two technicians are free for a course in {m}.",
                "A first project with {p} seats is waiting already.",
                "The owner asks about margins, demo devices and who helps with the first offer.",
            ),
            (
                "Invite to a partner evening, the owner likes to hear it from others.",
                "Be plain about what the first year takes.",
            ),
        ),
        Words(
            (
                "Betrieb mit {n} Leuten möchte Partner werden",
                "Elektrobetrieb möchte Netzwerke verkaufen",
            ),
            (
                "{who} verlegt Kabel für Kunden und würde gern auch das Netzwerk verkaufen.",
                "{who} verliert Kunden, die alles aus einer Hand möchten.",
                "{who} verkauft seit {y} Jahren eine Marke und sucht eine zweite.",
            ),
            (
                "Zwei Techniker könnten im {m} einen Kurs besuchen.",
                "Ein erstes Projekt mit {p} Plätzen wartet schon.",
            ),
            (
                "Zu einem Partnerabend einladen, das zieht.",
                "Offen sagen, was das erste Jahr kostet.",
            ),
        ),
        ("software_it", "telecom", "construction"),
        weight=3,
        recruit=True,
    ),
)
