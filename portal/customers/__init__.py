"""Customers: the accounts of the vendor, a person or a company each, and the leads that are theirs.

What belongs to business stands in `customers`: number, number in the ERP system, classification,
credit rating, country and town. Who it is, name and addresses, stands in tables of their own behind
the `wall`, and `who` is the one way there: it asks who may (`sight`) and logs who looked.

A won lead finds or makes its customer (`winning`, if the programme wants it, `policy`), people make
them by hand after they have searched (`operations`), two of the same become one (`merging`), and a
lead is handed to operations with its customer's number (`onboarding`).

It enters leads, whose contacts customers are made of, partners, catalog, timeline, accounts, web
and core.
"""
