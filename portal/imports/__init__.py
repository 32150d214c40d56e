"""Imports: lists of leads out of files, from the upload to the report.

reading     opens a file of any encoding and shape as a stream of rows, every row accounted for
intake      rows become leads set by set, with the same result however often it runs
operations  the row about an import: uploaded, mapped, queued, running, done, forgotten
jobs        run it batch by batch, and forget files and refused rows in time

What a column or a cell means stands in `leads.intake`. Enters leads, catalog, accounts, web, core.
"""
