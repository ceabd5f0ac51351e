"""The words around reports: the buttons that make them, and the groups of a batch. A report's own are in vs2/report."""

REPORT = "Report"
CARD = "Share card"
REPORT_OF = "Report of the evaluation of {video}"
REPORT_SAVE = "Download report"
MAKING = "Making…"
NOTHING = "There are no scores here to report: judge something first."
FILES = {"evaluation": "evaluation", "comparison": "comparison", "best-of": "best-of", "batch": "batch", "duel": "duel"}

# The groups of a batch
BY = "Group by"
BY_HINT = "A column of the table: the generator, say, or the prompt set."
BY_NONE = "No grouping"
GROUPS = "By {column}"
GROUPS_WAIT = "The groups appear here once rows are judged."
PLACE, GROUP, OVERALL, JUDGED, LOWEST = "Place", "Group", "Overall", "Rows with all three", "Lowest"
NO_VALUE = "(no value)"
OF_ROWS = "{judged} of {rows}"
WITHHELD, UNREAD, FAILED, LEFT = "{count} not judged", "{count} not read", "{count} failed", "{count} still to judge"
NO_INTERVAL = "no interval"
ROW = "Row {number}"
OPEN = "Open the evaluation of row {number}"
INTERVAL = ("Means of the expected scores; in brackets the 95 % bootstrap interval, over prompts where a prompt comes "
            "more than once in a group, else over clips. Groups whose intervals overlap may not differ.")
LACKING = "{count} rows have not all three scores, so they are in no overall mean."
JUDGES = "The scores are of {count} judges, which do not share a scale."
PROFILES = "Profiles of the groups"
"""Of each group a radar."""
