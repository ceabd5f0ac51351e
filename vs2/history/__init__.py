"""What is kept: evaluations, their clips, people's reviews of them, and how far judge and people agree."""
from vs2.history.review_rows import Review
from vs2.history.store import Filter, Store, Stored

__all__ = ["Filter", "Review", "Store", "Stored"]
