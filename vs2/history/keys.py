"""What is stored of a visitor's secret, and ids as SQLite takes them."""
import hashlib


def hashed(visitor: str) -> str | None:
    """What is stored of a visitor's secret; None, which equals nothing, for nobody."""
    return hashlib.sha256(visitor.encode("utf-8", "surrogatepass")).hexdigest() if visitor else None


def plain(text: object) -> str | None:
    """An id or a digest as SQLite takes it; None, which equals nothing, for what can be neither."""
    return text if isinstance(text, str) and text.isascii() else None
