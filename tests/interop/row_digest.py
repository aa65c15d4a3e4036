"""The digest by which Quiver's tests compare the rows that different Arrow readers see.

SHA-256 over the rows in file order; of each row, all numbers little-endian:

    u32 key bytes, key, u8 1 if the value is null, u32 value bytes, value,
    u64 sequence   if the file has that column,
    u8 operation   if the file has that column

A null value has 0 bytes. tests/support/testing/row_digest.h and check_arrow.mjs do the same.
"""

import hashlib
import struct


def to_bytes(cell):
    return cell.encode("utf-8") if isinstance(cell, str) else bytes(cell)


def row_digest(keys, values, sequences=None, operations=None):
    """The digest in hexadecimal. All arguments are sequences of equal length."""
    digest = hashlib.sha256()
    for row, (key, value) in enumerate(zip(keys, values, strict=True)):
        if key is None:
            raise ValueError(f"row {row} has a null key")
        key = to_bytes(key)
        null = value is None
        value = b"" if null else to_bytes(value)
        digest.update(struct.pack("<I", len(key)) + key)
        digest.update(struct.pack("<BI", null, len(value)) + value)
        if sequences is not None:
            digest.update(struct.pack("<Q", sequences[row]))
        if operations is not None:
            digest.update(struct.pack("<B", operations[row]))
    return digest.hexdigest()
