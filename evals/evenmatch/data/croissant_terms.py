"""Croissant's fixed words: the JSON-LD context, the profiles, and how files are encoded."""

from __future__ import annotations

from typing import Any

PROFILES = ("http://mlcommons.org/croissant/1.0", "http://mlcommons.org/croissant/RAI/1.0")

_CROISSANT = (
    "citeAs", "column", "equivalentProperty", "extract", "field", "fileObject", "fileProperty",
    "fileSet", "format", "includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField",
    "path", "recordSet", "references", "regex", "repeated", "replace", "samplingRate", "separator",
    "source", "subField", "transform",
)  # fmt: skip

CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "sc": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{term: f"cr:{term}" for term in _CROISSANT},
}

_ENCODINGS = {
    ".bz2": "application/x-bzip2",
    ".csv": "text/csv",
    ".gz": "application/gzip",
    ".json": "application/json",
    ".rar": "application/vnd.rar",
    ".tar": "application/x-tar",
    ".tgz": "application/gzip",
    ".txt": "text/plain",
    ".xml": "application/xml",
    ".zip": "application/zip",
}


def encoding_format(path: str) -> str:
    """Return a file's media type by the end of its name; bytes where it says nothing."""
    end = next((end for end in _ENCODINGS if path.lower().endswith(end)), "")
    return _ENCODINGS.get(end, "application/octet-stream")
