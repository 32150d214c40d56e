"""Feedback sheets: the leads in hand as a list to fill in, and what becomes of it when it is back.

A workbook (or a CSV) for a rep or a firm, taken from a page or sent once a week; given back by
upload or by mail, in part or whole. Every row that answers goes through `feedback.operations`, as
the form does. Enters feedback, pickup, leads, imports (how files are read), accounts, web and core.
"""
