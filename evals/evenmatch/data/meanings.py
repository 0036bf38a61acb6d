"""What the closed vocabularies of a card mean, in plain words: one wording for every page."""

from __future__ import annotations

CONSENT = {
    "informed": "the people agreed to be in it",
    "public-web": "photographs taken from the web, the people were not asked",
    "operational": "photographs from a system in use",
    "synthetic": "no real person is shown",
    "unknown": "nobody can say whether the people agreed",
}
LICENCE_USE = {
    "any": "on the licence's own conditions",
    "research-only": "a commercial test, or a sale, needs its makers' leave",
    "no-redistribution": "on its makers' terms; photographs may not be passed on",
    "none-given": "its makers gave no licence, so the law alone says what may be done with it",
    "unknown": "what its makers allow is not known",
}
STATE = {
    "active": "its makers offer it",
    "request-only": "its makers give it to those who ask and are accepted",
    "withdrawn": "its makers no longer offer it",
    "superseded": "its makers replaced it",
}
LABELLED_BY = {
    "self-reported": "the people said it of themselves",
    "document": "taken from a document, such as a passport or a police record",
    "annotator": "somebody looked at the photographs and decided",
    "classifier": "a program decided; its errors are in the groups",
    "measured": "measured from the pixels",
    "construction": "known because the photographs were made or taken that way",
    "unknown": "nobody can say who wrote them",
}
ACCESS = {
    "download": "may be downloaded",
    "request": "has to be requested",
    "generated": "made by a program",
    "local": "to be put in place by hand",
}


def meaning(words: dict[str, str], value: str) -> str:
    """Return a value of a vocabulary with its meaning; a value from elsewhere as it is."""
    return f"{value} ({words[value]})" if value in words else value
