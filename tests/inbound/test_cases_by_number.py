"""Every attack and every odd mail we thought of, by number: what it is, which tests show it.

A line names tests as pytest does, from `tests` on; what follows ` > ` is the row of that test's
table, by its own words. Who writes a test anew names it here: a number without a test, a test that
is not there and a row that is in no table fail.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parents[1]

REPLIES = "inbound/test_replies.py::"
ENVELOPES = "inbound/test_odd_envelopes.py::"
MAILS = "inbound/test_odd_mails.py::"
BOUNCES = "inbound/test_bounces.py::"
MAIL_IN = "inbound/test_mail_in.py::"
ATTACKS = "inbound/test_attacks.py::test_case_"
CHROMIUM = "inbound/test_in_chromium.py::test_case_"
SIGN_IN = "accounts/test_sign_in_link.py::test_case_"
ANSWER = REPLIES + "test_an_answer_does_what_it_may_and_no_more > "
FINDS = REPLIES + "test_an_answer_finds_its_lead_by_whatever_of_ours_is_left_in_it > "
NAMES = (
    REPLIES + "test_an_answer_that_names_two_leads_is_asked_back_and_one_without_a_lead_lists_them"
)
ENVELOPE = ENVELOPES + "test_whoever_an_answer_says_it_is_from_it_does_what_it_may > "
MADE = MAILS + "test_an_answer_is_read_however_it_is_put_together_and_never_read_wrong > "
SLOW = MAILS + "test_a_mail_that_is_made_to_be_slow_is_not > "
TEXT = "inbound/test_answers_read.py::test_cases_of_text_and_intent > "
READ = "inbound/test_answers_read.py::"
REPORT = BOUNCES + "test_what_a_report_says > "
HOSTILE = MAIL_IN + "test_a_hostile_mail_waits_for_people_and_stops_nobody > "
SHEETS = "sheets/test_sheets.py::"
SHEET_ROW = SHEETS + "test_each_row_is_taken_or_refused_in_words > "
SHEET_FILE = SHEETS + "test_a_hostile_file_is_refused_in_words > "
WORKBOOK = "imports/test_workbook.py::"
LISTENER = REPLIES + "test_the_listener_knows_its_addresses_and_keeps_answers_without_their_secret"
DOOR = ENVELOPES + "test_no_mail_is_smuggled_in_behind_another_and_none_comes_to_whom_ours_are_from"

Case = tuple[str, *tuple[str, ...]]
CASES: dict[int, Case] = {
    # A – links and scanners
    1: (
        "every link of every mail, in any order and by any method; fifty times each in `make soak`",
        ATTACKS + "1_opening_every_link_many_times_in_any_order_changes_nothing",
    ),
    2: (
        "a robot runs the scripts behind every link, and waits",
        CHROMIUM + "2_a_robot_that_runs_scripts_on_every_link_changes_nothing",
    ),
    3: (
        "a robot sends the first form within two seconds",
        ATTACKS + "3_a_press_two_seconds_after_opening_is_asked_for_again",
        ATTACKS + "3_the_second_press_carries_everything_that_was_typed",
        ATTACKS + "3_who_opens_three_links_of_one_mail_at_once_is_asked_again",
        CHROMIUM + "3_a_robot_that_sends_the_first_form_is_asked_again",
    ),
    4: (
        "a browser fetches ahead",
        ATTACKS + "4_what_a_browser_fetches_ahead_changes_nothing",
    ),
    5: ("a gateway rewrote the address", ATTACKS + "5_a_rewritten_address_works"),
    6: (
        "the address was not copied whole",
        ATTACKS + "6_a_token_that_was_not_copied_whole_is_told_kindly",
    ),
    7: ("the same press again", ATTACKS + "7_the_same_press_again_is_one_event"),
    8: (
        "twenty different answers at the same moment",
        ATTACKS + "8_of_twenty_different_answers_at_once_one_wins",
        ATTACKS + "8_of_yes_and_no_at_once_one_wins",
        ATTACKS + "8_the_second_tab_is_told_and_may_change_its_mind",
    ),
    9: (
        "one partner's link with another's lead",
        ATTACKS + "9_a_token_answers_for_its_own_lead_alone",
        ATTACKS + "9_a_nonce_that_fits_no_form_of_the_link_does_nothing",
    ),
    10: (
        "a second before and behind its time",
        ATTACKS + "10_a_link_works_until_its_last_second",
    ),
    11: (
        "who has left, or has lost the lead",
        ATTACKS + "11_who_has_left_gets_no_word_about_the_lead",
        ATTACKS + "11_a_lead_that_was_given_to_somebody_else_is_not_told",
        ATTACKS + "11_who_changed_the_firm_takes_no_leads_along",
        ANSWER + "11 a lead that a colleague has by now",
        ANSWER + "11 doubtful, of a lead that a colleague has by now",
        ANSWER + "11 she is at another firm by now",
    ),
    12: (
        "a thousand guesses",
        ATTACKS + "12_guesses_are_all_answered_alike_and_then_no_more",
        ATTACKS + "12_a_good_link_may_be_opened_as_often_as_scanners_like",
    ),
    13: (
        "what referrers, caches and logs learn",
        ATTACKS + "13_the_page_keeps_its_address_to_itself",
        CHROMIUM + "13_no_log_holds_a_token",
    ),
    14: (
        "a press without the sign of the page",
        ATTACKS + "14_a_press_without_the_sign_of_our_page_does_nothing",
    ),
    15: (
        "words in the address",
        ATTACKS + "15_words_in_the_address_lead_nowhere_and_show_nothing",
    ),
    16: (
        "one-click unsubscribing",
        ATTACKS + "16_one_click_ends_the_daily_mail_and_no_more",
        ATTACKS + "16_an_old_daily_mail_does_not_silence_who_hears_at_once",
        ATTACKS + "16_the_page_of_the_link_sets_when_to_hear",
        ATTACKS + "16_a_second_press_asks_with_all_that_was_wished",
    ),
    17: (
        "the link that signs in, opened by a scanner first",
        SIGN_IN + "17_a_scanner_opens_it_and_the_person_still_gets_in",
        SIGN_IN + "17_a_second_press_is_refused",
        SIGN_IN + "17_the_second_step_is_asked_for_all_the_same",
        ATTACKS + "17_no_other_link_of_a_mail_signs_anybody_in",
    ),
    18: (
        "taking back twice, or over something newer",
        ATTACKS + "18_an_undo_works_once_and_never_over_something_newer",
        ATTACKS + "18_a_lead_that_went_on_after_it_was_lost_does_not_come_back",
    ),
    19: (
        "a stranger presses in a forwarded mail",
        ATTACKS + "19_a_forwarded_mail_acts_for_its_owner_who_hears_of_it",
    ),
    20: ("another method in the form", ATTACKS + "20_other_methods_are_not_taken_from_the_form"),
    # B – who it is from
    21: ("somebody of another partner answers", ANSWER + "21 somebody of another partner"),
    22: ("two addresses in one", ANSWER + "22 two addresses in one", HOSTILE + "a victim before"),
    23: ("two headers say whom it is from", ANSWER + "23 two headers", HOSTILE + "two senders"),
    24: ("two senders in one header", ANSWER + "24 two senders", HOSTILE + "a list"),
    25: ("a group as sender", ANSWER + "25 a group", HOSTILE + "a group"),
    26: ("an address as a name", ANSWER + "26 an address as a name"),
    27: ("an encoded address as a name", ANSWER + "27 an encoded address as a name"),
    28: (
        "zeros, tabs and new lines in the sender",
        ENVELOPE + "28 a zero behind it",
        ENVELOPE + "28 a zero in it",
        ENVELOPE + "28 a tab before it",
        ENVELOPE + "28 a tab in it",
        ENVELOPE + "28 on the next line",
        ENVELOPE + "28 broken in the middle",
        ENVELOPE + "28 another on the next line",
    ),
    29: ("a route before the address", ANSWER + "29 a route"),
    30: ("where to answer names the victim", ANSWER + "30 where to answer is nobody's name"),
    31: (
        "letters that look or fold alike",
        ANSWER + "31 a letter that looks like another",
        HOSTILE + "kelvin",
        ENVELOPE + "31 a sharp s",
        ENVELOPE + "31 a dotless i",
    ),
    32: (
        "capitals, a dot behind the domain, something behind a plus",
        ANSWER + "32 in capitals",
        ANSWER + "32 with something behind a plus",
        ENVELOPE + "32 a dot behind the domain",
    ),
    33: (
        "a forged word of our mail server",
        ANSWER + "33 forged below the real one",
        ANSWER + "33 forged above the real one",
        ANSWER + "33 of another server",
        ANSWER + "33 without a server",
        ANSWER + "nobody vouches: what closes",
    ),
    34: (
        "brackets within that word",
        ANSWER + "34 in brackets",
        ANSWER + "34 two thousand brackets",
    ),
    35: (
        "signed by another domain",
        ANSWER + "35 signed by somebody else",
        ANSWER + "35 another domain was judged",
        ENVELOPE + "35 signed whole by her domain",
        ENVELOPE + "35 signed by whoever has all names",
    ),
    36: (
        "signed as far as a length, and written on",
        ENVELOPE + "36 signed as far as a length",
        ENVELOPE + "36 signed as far as a length, and the policy holds",
        ENVELOPE + "36 once whole, once as far as a length",
        ENVELOPE + "36 a length under another name",
    ),
    37: (
        "headers that the signature leaves out",
        ENVELOPE + "37 what it is about is not signed",
        ENVELOPE + "37 to whom it goes is not signed",
        ENVELOPE + "37 how it is made is not signed",
        ENVELOPE + "37 our server saw a signature that is not there",
        ENVELOPE + "37 what can be taken back counts all the same",
    ),
    38: (
        "an old signed mail comes once more",
        ENVELOPES + "test_an_old_answer_that_comes_again_does_nothing_again",
    ),
    39: (
        "forged places lower down in the headers",
        ENVELOPE + "39 a place it never went to, lower down",
        ENVELOPE + "39 come back, it says lower down",
    ),
    40: (
        "our address in the copy, the references, the quote alone",
        FINDS + "40 the carbon copy",
        FINDS + "40 the mail it answers",
        FINDS + "40 the foot of what it quotes",
    ),
    41: ("two of our addresses in one mail", NAMES),
    42: ("our address in capitals and quotes", FINDS + "42 in capitals and quotes"),
    43: (
        "the lead is closed, the address over or taken back",
        ANSWER + "43 an address that has served its time",
        ANSWER + "43 served its time, and nobody vouches",
        ENVELOPE + "43 the lead is closed",
        ENVELOPE + "43 the address was taken back",
        ENVELOPE + "43 taken back, and nobody vouches",
    ),
    44: ("who answers has left", ANSWER + "44 she has left"),
    45: ("no address of ours, and no, one or several leads in hand", NAMES),
    46: ("a stranger without an address of ours", NAMES),
    47: ("an address that was in no mail of ours", LISTENER),
    48: ("a list broke the signature", ANSWER + "48 a list broke the signature"),
    # C – programs
    49: ("away, and a header says so", ANSWER + "49 away"),
    50: ("away, and the subject says so alone", ANSWER + "50 away, and no header says so"),
    51: (
        "away, of an Exchange",
        ENVELOPE + "51 a rule of an Exchange",
        ENVELOPE + "51 passed on by a rule of an Exchange",
        ENVELOPE + "51 away, of an Exchange",
    ),
    52: ("a person's mail that wants no automatic answer", ANSWER + "52 an Exchange of a person"),
    53: (
        "reports of what came back: for good, for now, forged, in Japanese, with our mail in them",
        REPORT + "Postfix, nobody",
        REPORT + "Gmail, full",
        REPORT + "Japanese, in words",
        BOUNCES + "test_without_a_sender_that_we_made_nothing_changes",
        ANSWER + "53 came back",
    ),
    54: ("a receipt", ANSWER + "54 a receipt"),
    55: ("our own mail comes back by a rule", ANSWER + "55 our own, looped back"),
    56: (
        "two programs that answer each other",
        ENVELOPES + "test_two_programs_that_answer_each_other_a_thousand_times_come_to_an_end",
        REPLIES + "test_two_programs_that_answer_each_other_are_left_alone_after_three_mails",
    ),
    57: ("press here to deliver", REPORT + "a challenge"),
    58: ("an invitation is accepted", ENVELOPE + "58 she takes part"),
    59: ("a thumb", ANSWER + "59 a thumb", TEXT + "80 a thumb as Gmail tells it"),
    60: (
        "a complaint as spam",
        REPORT + "a complaint",
        BOUNCES + "test_a_complaint_stops_what_can_be_left_with_one_press_and_no_more",
    ),
    61: (
        "away, and it wrote to whom our mail is from",
        ENVELOPE + "61 away, and it wrote to whom the mail is from",
        DOOR,
    ),
    62: (
        "what mail systems send back: reports that are written here after theirs, none was found",
        BOUNCES + "test_what_a_report_says",
        ENVELOPE + "62 a mail that came back, in its subject alone",
        ENVELOPE + "62 of goods that came back a person writes",
    ),
    # D – how it is put together
    63: (
        "parts without number, and within each other",
        HOSTILE + "many parts",
        SLOW + "63 four hundred in each other",
        SLOW + "63 three thousand in each other",
        SLOW + "63 three thousand mails in each other",
    ),
    64: (
        "headers without end",
        HOSTILE + "a long header",
        HOSTILE + "300 headers",
        HOSTILE + "quotes",
        HOSTILE + "brackets",
        SLOW + "64 a subject of five megabytes",
        SLOW + "64 a part that is called many things",
        SLOW + "64 a file whose name is quotes",
    ),
    65: (
        "boundaries that are missing or wrong",
        MADE + "65 several parts, and no boundary",
        MADE + "65 another boundary",
        MADE + "65 no last boundary",
        MADE + "65 no parts",
        MADE + "65 the text behind the HTML",
    ),
    66: (
        "charsets that are odd, or not what they say",
        ANSWER + "66 an odd charset",
        MADE + "66 an odd name",
        MADE + "66 of Thailand",
        MADE + "66 seven bits",
        MADE + "66 of Japan",
        MADE + "66 another than it says",
        MADE + "66 two bytes each",
        MADE + "66 two bytes each, and says one",
        MADE + "66 zeros",
    ),
    67: (
        "packed badly, or in ways as old as Unix",
        MADE + "67 signs that belong to no base64",
        MADE + "67 base64 cut off",
        MADE + "67 a sign of the end at the end",
        MADE + "67 an end with a blank",
        MADE + "67 as old as Unix",
        MADE + "67 packed in nothing there is",
        SLOW + "67 ten megabytes packed in one line",
    ),
    68: (
        "a Message-ID that is missing, or taken before",
        ANSWER + "68 no Message-ID",
        ENVELOPES + "test_an_old_answer_that_comes_again_does_nothing_again",
    ),
    69: (
        "a date of another century, or none",
        ANSWER + "69 of another year",
        ENVELOPE + "69 of another century",
        ENVELOPE + "69 of no day there is",
        ENVELOPE + "69 of two days",
    ),
    70: (
        "packed by a program for itself",
        MADE + "70 packed by a program for itself",
        MADE + "70 packed, and a text beside it",
    ),
    71: (
        "signed and sealed",
        MADE + "71 signed",
        MADE + "71 signed in one lump",
        MADE + "71 sealed by PGP",
        MADE + "71 sealed by PGP in the text",
        MADE + "71 signed by PGP",
        MADE + "71 signed by PGP in the text",
    ),
    72: ("a mail within a mail says won", ANSWER + "72 a mail that came along"),
    73: (
        "HTML that hides words",
        READ + "test_of_html_only_what_people_see_is_read_and_what_is_quoted_is_marked",
        MAIL_IN + "test_hidden_text_of_html_is_not_read_and_odd_charsets_are",
    ),
    74: (
        "the text says won, the HTML says lost",
        MADE + "74 of two minds",
        MADE + "74 of one mind in two texts",
    ),
    75: (
        "ten megabytes, endless lines, and what makes readers slow",
        READ + "test_no_text_takes_long",
        SLOW + "75 ten megabytes",
        SLOW + "75 a hundred thousand lines",
        SLOW + "75 HTML that never ends",
        SLOW + "75 HTML that is open everywhere",
    ),
    76: (
        "letters that can't be seen, or look like others",
        ANSWER + "76 letters of another script",
        TEXT + "76 wide",
        TEXT + "76 Cyrillic",
        TEXT + "76 parted",
        TEXT + "76 turned round",
        TEXT + "76 harmless",
    ),
    77: ("a mail smuggled in behind another", DOOR),
    78: (
        "mails as they are found in the wild: written here after such ones, none was found",
        MAILS + "test_mails_as_they_are_found_are_taken_apart",
    ),
    # E – what it says
    79: (
        "above, below and between what is quoted, by many programs in two languages",
        READ + "test_an_answer_is_read_whatever_program_wrote_it",
        READ + "test_whatever_is_written_is_read_alike_whatever_program_wrote_it",
        TEXT + "79 two lines of attribution, nothing between",
    ),
    80: (
        "only a quote, only a signature, nothing",
        ANSWER + "80 nothing of her own",
        TEXT + "80 only what is quoted",
        TEXT + "80 only a signature",
    ),
    81: (
        "not yet won, a question, either",
        ANSWER + "81 not yet",
        ANSWER + "81 a question",
        TEXT + "81 not won",
        TEXT + "81 we won't",
        TEXT + "81 either",
    ),
    82: ("won in a slogan", TEXT + "82 a slogan", TEXT + "82 a disclaimer"),
    83: ("a word of ours in a company's name", TEXT + "83 a company", TEXT + "83 joined"),
    84: ("two answers for two leads", TEXT + "84 two leads", TEXT + "84 another answer below"),
    85: (
        "a comment of markup, formulas and templates, fifty kilobytes long",
        TEXT + "85 markup",
        "inbound/test_odd_files.py::test_what_somebody_wrote_stands_everywhere_as_written",
    ),
    86: (
        "amounts that can be read in two ways, or not at all",
        READ + "test_amounts_are_taken_where_they_can_be_read_in_one_way_only",
        "inbound/test_attacks.py::test_whatever_is_sent_the_house_stands",
    ),
    87: ("the lead has moved on since our mail", ANSWER + "87 the lead has moved on"),
    88: ("a cross before a choice in the quote", TEXT + "88 in the quote", TEXT + "88 behind it"),
    89: (
        "banners, footers, and quotes that a gateway changed",
        TEXT + "89 a banner",
        TEXT + "89 translated",
        TEXT + "89 a quote that a program spoiled",
    ),
    # F – sheets
    90: (
        "workbooks that are made to be slow, or too large",
        SHEET_FILE + "90 far cell and endless merge",
        SHEET_FILE + "90 more rows than leads",
        SHEET_FILE + "90 a bomb of blanks",
        SHEET_FILE + "90 entries upon each other",
        WORKBOOK + "test_a_hostile_workbook_is_refused_with_a_sentence",
        WORKBOOK + "test_cells_far_out_and_merged_without_end_cost_little",
        WORKBOOK + "test_whoever_opens_a_workbook_may_take_little_time",
    ),
    91: (
        "entities without end, and from elsewhere",
        SHEET_FILE + "91 an entity from outside",
        WORKBOOK + "test_a_hostile_workbook_is_refused_with_a_sentence",
        WORKBOOK + "test_a_workbook_that_names_a_server_asks_nobody",
    ),
    92: (
        "files that are no sheet, and names that are none",
        SHEET_FILE + "92 macros",
        SHEET_FILE + "92 an old or locked workbook",
        SHEET_FILE + "92 a page",
        SHEET_FILE + "92 nothing",
        SHEET_FILE + "92 too long",
        WORKBOOK + "test_what_only_says_that_it_is_a_list_is_refused",
    ),
    93: (
        "keys of others, twice, gone or moved",
        SHEETS + "test_each_row_is_taken_or_refused_in_words",
        SHEETS + "test_good_rows_are_taken_whatever_became_of_the_sheet",
    ),
    94: ("answers typed in all ways", SHEET_ROW + "94 capitals", SHEET_ROW + "94 a formula"),
    95: (
        "an old sheet, the same again, two at once, and other words in the mail",
        SHEETS + "test_what_was_answered_meanwhile_is_not_written_over",
        SHEETS + "test_the_same_file_at_the_same_moment_is_one_return",
        REPLIES + "test_the_sheet_of_the_week_comes_back_by_mail_as_far_as_it_is_from_her",
    ),
    96: (
        "won without a value, lost without a reason",
        SHEET_ROW + "96 won, no amount",
        SHEET_ROW + "96 lost, no reason",
        SHEETS + "test_a_sheet_asks_what_the_programme_asks",
    ),
    97: (
        "names that begin like formulas",
        SHEETS + "test_a_sheet_holds_what_is_in_hand_and_lets_only_answers_be_written",
    ),
    98: (
        "through a spreadsheet program and back",
        SHEETS + "test_a_sheet_comes_through_a_spreadsheet_program",
    ),
}


@cache
def look_into(file: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the tests that stand in a file, and all that is said in it."""
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    tests = (one.name for one in tree.body if isinstance(one, ast.FunctionDef))
    said = (one.value for one in ast.walk(tree) if isinstance(one, ast.Constant))
    return (
        frozenset(name for name in tests if name.startswith("test_")),
        frozenset(one for one in said if isinstance(one, str)),
    )


def why_not(test: str) -> str:
    """Say what is wrong with a test that a line names; empty where pytest runs it."""
    node, _sign, row = test.partition(" > ")
    file, _colons, name = node.partition("::")
    if not (TESTS / file).is_file():
        return f"{file} is not there"
    tests, said = look_into(file)
    if name not in tests:
        return f"{node} is not there"
    return f"{node} has no row called {row!r}" if row and row not in said else ""


def test_each_case_has_a_number_a_sentence_and_tests_that_are_there():
    assert list(CASES) == list(range(1, 99))
    assert [number for number, (words, *tests) in CASES.items() if not (words and tests)] == []
    wrong = {
        f"{n}: {why}" for n, (_words, *tests) in CASES.items() for t in tests if (why := why_not(t))
    }
    assert sorted(wrong) == []
