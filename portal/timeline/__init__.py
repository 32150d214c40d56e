"""Notes and activities on any subject, planned or done, and who looked at contact data.

Keyed by subject (`lead`, `partner`, …) so that it needs to know no room above: who may do what
about a subject its own room says, in terms of `activities` and `pages` here. What people wrote
stands behind the `wall`. Enters accounts, web and core.
"""
