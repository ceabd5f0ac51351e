"""Coroutines run to their end on a thread of their own: a test's own may have a loop already, of a driven browser."""
import asyncio
from concurrent.futures import ThreadPoolExecutor


def run(coroutine):
    """What it gives, or raises."""
    with ThreadPoolExecutor(1) as apart:
        return apart.submit(asyncio.run, coroutine).result()
