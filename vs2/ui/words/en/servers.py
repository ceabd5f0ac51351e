"""What a judge on a server tells of is in English already; other languages have forms for it here (vs2/ui/said.py)."""

FORMS: dict[str, str] = {}
