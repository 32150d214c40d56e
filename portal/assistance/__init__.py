"""What a holder asks the vendor for: help with a lead, and a special price. Each has its clock.

Somebody of the vendor is asked by name and answers within the hours of the lead's policy. Also the
vendor's own duty to speak with a customer whom a partner has, where the type of a lead says so.
Enters pickup, offers and leads; what it does others hear of by events.
"""
