"""Answers that an application has packed: browsers unpack what comes by network, not what a service worker gives."""

import zlib
from collections.abc import Callable

ACCEPTED = "gzip, deflate"  # what a request says that it can take


def unpacking(encoding: str) -> Callable[[bytes], bytes]:
    """For a `content-encoding`: what makes of each piece the bytes that it completes. Raises `zlib.error` then.

    What is in no accepted encoding stays as it is.
    """
    if encoding.strip().lower() in ("gzip", "x-gzip", "deflate"):
        return zlib.decompressobj(wbits=zlib.MAX_WBITS | 32).decompress  # either format, by its first bytes
    return bytes
