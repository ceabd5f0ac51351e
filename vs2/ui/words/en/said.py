"""What the library says is in English already; other languages have forms for it here (vs2/ui/said.py)."""

FORMS: dict[str, str] = {}
PARTS: dict[str, str] = {}
AND, CLAUSE, STOP = ", ", "; ", "."
