"""Notes and activities on any subject, planned or done, and who looked at contact data.

Keyed by subject (`lead`, …) so that it needs to know no room above; enters accounts, web and core.
"""
