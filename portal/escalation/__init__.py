"""What happens around deadlines: the steps of policies, taken at their minute and once each.

Enters pickup, offers and feedback, whose verbs it calls. Telling people is `notifications`'.
"""
