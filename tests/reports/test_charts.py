"""Pictures of figures: one definition for page and mail, in words for who sees none."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace

from defusedxml import ElementTree

from portal.core.mail import pictures
from portal.core.mail.rendering import speaking
from portal.reports.charts import charts_of
from portal.reports.developments import Developments, Month, Part, Week
from portal.reports.drawing import colours, draw
from portal.reports.slices import Whose

# a sign that no XML may hold, and one that turns the line round
EVIL = "\x0b\u202e</text><script>alert(1)</script> & Co. KG"
FULL = Developments(
    [
        Week(date(2026, 9, 7) + timedelta(days=7 * week), 2000 - week, 1500, 1204)
        for week in range(12)
    ],
    [Month(date(2026, month, 1), 100 + month, 90 - month) for month in range(1, 13)],
    [Part(f"{EVIL} {number}", 2000, 1204 - number) for number in range(8)],
    0.6,
)
FEW = Developments(
    [Week(date(2026, 11, 2)), Week(date(2026, 11, 9), 4, 3, 2), Week(date(2026, 11, 16))],
    [Month(date(2026, 10, 1), 0, 2), Month(date(2026, 11, 1))],
    [],
    0.0,
)
ONE = Developments([Week(date(2026, 11, 9), 4, 3, 2)], [Month(date(2026, 11, 1), 1)], [], 0.0)
PROGRAMME = SimpleNamespace(whose=Whose.PROGRAMME, by_pick=False)


def test_a_chart_says_in_words_and_figures_of_its_reader_what_it_shows(ctx):
    with speaking("en", "Europe/Berlin"):
        weeks, months = charts_of(FEW, PROGRAMME)
        assert weeks.alt == "really processed – Nov 2: 0 of 0; Nov 9: 2 of 4; Nov 16: 0 of 0"
        assert weeks.rows[1] == ("Nov 9", "4", "2", "1", "1", "50%")
        assert [one.rate for one in weeks.shape.columns] == [None, 50, None]
        assert months.alt == "Oct 2026: 0 won, 2 lost; Nov 2026: 0 won, 0 lost"
        assert months.rows == [("Oct 2026", "0", "2", "0%"), ("Nov 2026", "0", "0", "–")]
        # a single week is no development
        assert charts_of(ONE, PROGRAMME) == []
    with speaking("de", "Europe/Berlin"):
        weeks, months, parts = charts_of(FULL, PROGRAMME)
        assert weeks.rows[0] == ("7. Sept.", "2.000", "1.204", "296", "500", "60\xa0%")
        assert parts.rows[0][1:] == ("2.000", "1.204", "60\xa0%")
        assert parts.shape.bars[0].said.startswith("60\xa0% · 1.204 ")


def test_a_drawing_is_whole_takes_no_markup_and_looks_alike_every_time(ctx):
    size = 0
    for found in (FULL, FEW):
        for chart, again in zip(
            charts_of(found, PROGRAMME), charts_of(found, PROGRAMME), strict=True
        ):
            drawing = draw(chart)
            assert drawing == draw(again)
            tree = ElementTree.fromstring(drawing)
            assert {one.tag.rpartition("}")[2] for one in tree.iter()} <= {
                *("svg", "rect", "line", "text")
            }
            said = f"{chart.title}: {chart.alt}"
            assert tree.get("aria-label") == said.replace("\x0b\u202e", "")
            assert not any("style" in one.attrib for one in tree.iter())
            width, height = map(float, tree.get("viewBox").split()[2:])
            texts = [one for one in tree if one.text]
            places = [(float(one.get("x")), float(one.get("y"))) for one in texts]
            assert all(0 <= x < width and 0 <= y < height for x, y in places)
            # no two words begin at one place
            assert len(places) == len(set(places))
            picture = pictures.png(draw(chart, 12), colours("#0b6e6e"))
            # of 424 points, twice as sharp
            assert int.from_bytes(picture[16:20]) == 848
            size += len(picture) if found is FULL else 0
    assert size < 60_000
