"""The problems that the library tells of are in English already; other languages have forms for them here."""

FORMS: dict[str, str] = {}
