"""Arrays and facts as a safetensors file that carries a checksum of itself, and JSON documents that do.

safetensors has no checksum: a flipped bit in a weight would load as another weight. Here the SHA-256 of the whole file,
taken with the checksum's own place filled with zeros, stands in the file's metadata. The file stays an ordinary
safetensors file for every other reader.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

BLANK = b"0" * 64
MARK = b'{\\"sha256\\": \\"'
"""What stands before the checksum in the header: the metadata are JSON in a JSON string."""
LENGTH_BYTES = 8
KEY = "dllab"


class Damaged(Exception):
    """A file is not what was written; the text says why."""


def sealed(arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, Any]) -> bytes:
    """The file's content; equal arrays and facts give equal bytes. `facts`: plain JSON data."""
    from safetensors.numpy import save

    told = json.dumps({"sha256": BLANK.decode(), "facts": facts}, allow_nan=False)
    content = bytearray(save(dict(arrays), metadata={KEY: told}))  # one key: the library orders several as it likes
    place = content.index(MARK) + len(MARK)
    content[place : place + len(BLANK)] = hashlib.sha256(content).hexdigest().encode()
    return bytes(content)


def unsealed(content: bytes) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """The arrays and facts of a file. Raises Damaged unless every byte is as it was written."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    header = LENGTH_BYTES + int.from_bytes(content[:LENGTH_BYTES], "little")
    if len(content) <= LENGTH_BYTES or header > len(content):
        raise Damaged("it is cut off" if content else "it is empty")
    place = content.find(MARK, 0, header) + len(MARK)
    told = content[place : place + len(BLANK)]
    if place < len(MARK):
        raise Damaged("it has no checksum of this lab")
    blank = content[:place] + BLANK + content[place + len(BLANK) :]
    if hashlib.sha256(blank).hexdigest().encode() != told:
        raise Damaged("its checksum does not fit: the file is not as it was written")
    try:
        arrays = load(content)
        facts = json.loads(json.loads(content[LENGTH_BYTES:header])["__metadata__"][KEY])["facts"]
    except (SafetensorError, ValueError, KeyError, TypeError) as error:  # a file that was made to pass
        raise Damaged(f"it cannot be understood: {error}") from None
    return arrays, facts


def sealed_json(document: Mapping[str, Any]) -> bytes:
    """A JSON document with a checksum of what it says, for people to read."""
    return json.dumps({**document, "sha256": _digest(document)}, indent=2, ensure_ascii=False).encode() + b"\n"


def unsealed_json(content: bytes) -> dict[str, Any]:
    """The document without its checksum. Raises Damaged where they do not fit."""
    try:
        document = json.loads(content)
        told = document.pop("sha256")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Damaged("it is cut off, or no JSON document of this lab") from None
    if told != _digest(document):
        raise Damaged("its checksum does not fit: the file is not as it was written")
    found: dict[str, Any] = document
    return found


def digest_of(arrays: Mapping[str, NDArray[Any]]) -> str:
    """The SHA-256 of named arrays: names, types, shapes and every byte."""
    whole = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        whole.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        whole.update(np.ascontiguousarray(array).data.cast("B") if array.size else b"")
    return whole.hexdigest()


def _digest(document: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True, allow_nan=False).encode()).hexdigest()
