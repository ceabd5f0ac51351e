"""A zip's list of files, read without giving it all of the memory; for the program and for the worker.

    with zipfile.ZipFile(Bounded(file)) as packed: ...
"""
import stat
import zipfile
import zlib

AT_ONCE = 16 * 2**20   # most bytes that are read at once; the list of members is read in one go
# What zipfile raises for a zip that is damaged or that it does not know.
BROKEN = (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, RuntimeError, ValueError)


class Bounded:
    """A file that gives only so much at once: a list of millions of members would fill the memory."""

    def __init__(self, file):
        self._file = file

    def read(self, count: int = -1) -> bytes:
        """As a file's. Raises BadZipFile."""
        data = self._file.read(AT_ONCE + 1 if count < 0 else min(count, AT_ONCE + 1))
        if len(data) > AT_ONCE:
            raise zipfile.BadZipFile("its list of files is too long")
        return data

    def __getattr__(self, name):
        return getattr(self._file, name)


def oddity(member: zipfile.ZipInfo) -> str:
    """Why a member is not unpacked whatever is in it: "link" (or a device), "encrypted", "method"; "" where it may be.
    """
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind and kind != stat.S_IFREG:
        return "link"
    if member.flag_bits & 1:
        return "encrypted"
    # Other methods than these two may ask for much memory.
    return "" if member.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) else "method"
