"""A card as MLCommons Croissant 1.0: JSON-LD with the responsible-AI fields (RAI 1.0).

The vocabulary is that of https://docs.mlcommons.org/croissant/docs/croissant-spec.html and
https://docs.mlcommons.org/croissant/docs/croissant-rai-spec.html. What a card does not know is
said to be unknown. A file without a confirmed checksum is no `FileObject`, which would need one:
it is a `FileSet` of one name, and its description says what is not confirmed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from evenmatch.data.benchmark import MASK
from evenmatch.data.card import UNCONFIRMED
from evenmatch.data.croissant_terms import CONTEXT, PROFILES, encoding_format
from evenmatch.data.meanings import ACCESS, CONSENT, LABELLED_BY, LICENCE_USE, STATE, meaning

if TYPE_CHECKING:
    from collections.abc import Iterable

    from evenmatch.data.card import AccessFile, Attribute, Card

Json = dict[str, Any]

# Croissant takes MAJOR, MAJOR.MINOR or MAJOR.MINOR.PATCH.
_VERSION = re.compile(r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){0,2}")
_PHOTOGRAPHS = "photographs"


def croissant(card: Card) -> Json:
    """Return a card as a Croissant document, to be written as JSON."""
    version = {"version": card.source.version} if _VERSION.fullmatch(card.source.version) else {}
    document: Json = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": list(PROFILES),
        "name": card.name,
        "alternateName": card.title,
        "description": " ".join(_description(card)),
        "url": card.source.homepage,
        "citeAs": card.source.citation,
        "creator": {"@type": "sc:Organization", "name": "the authors that citeAs names"},
        "license": card.licence.url or card.licence.id,
        **version,
        "keywords": _keywords(card),
        "distribution": _distribution(card),
        "recordSet": _record_sets(card),
        **_responsible(card),
    }
    return document


def _identifier(name: str) -> str:
    """Return a name as an `@id`, in which the reader of MLCommons allows no white space."""
    return re.sub(r"\s+", "_", name)


def _keywords(card: Card) -> list[str]:
    masks = ["face masks"] if MASK in card.attributes else []
    return ["face recognition", "biometrics", *masks, f"consent: {card.consent.basis}"]


def _sentence(text: str) -> str:
    """Return a text that ends as a sentence does."""
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _said(label: str, *parts: str) -> str:
    """Return a label with what is said of it, blank parts left out."""
    return f"{label}: {' '.join(_sentence(part) for part in parts if part)}"


def _description(card: Card) -> list[str]:
    """Return the facts that Croissant has no field for, each a sentence."""
    size = card.size
    unconfirmed = [file.path for file in card.access.files if file.sha256 == UNCONFIRMED]
    said = [
        _sentence(card.title),
        f"People: {size.subjects}. Photographs: {size.images}.",
        _sentence(size.note) if size.note else "",
        _said("Version, as its makers call it", card.source.version),
        _said("Consent", meaning(CONSENT, card.consent.basis), card.consent.note),
        _said("Licence", card.licence.id, f"Use: {meaning(LICENCE_USE, card.licence.use)}"),
        _said("State", meaning(STATE, card.status.state), card.status.note),
        _said("Use instead", ", ".join(card.status.instead)) if card.status.instead else "",
        _said("Date of publication", "not recorded by this card"),
        _said("Checksum not confirmed", ", ".join(unconfirmed)) if unconfirmed else "",
    ]
    return [sentence for sentence in said if sentence]


def _distribution(card: Card) -> list[Json]:
    """Return the files that are published, then the list and the photographs as they lie."""
    files = [_file(file) for file in card.access.files]
    named = {each["@id"] for each in files}
    images = {
        "@type": "cr:FileSet",
        "@id": _PHOTOGRAPHS,
        "name": _PHOTOGRAPHS,
        "description": "The photographs as they lie below the benchmark's folder on a user's disk.",
        "encodingFormat": "image/*",
        "includes": "**/*",
    }
    manifest = {
        "@type": "cr:FileSet",
        "@id": _identifier(card.samples.manifest),
        "name": card.samples.manifest,
        "description": (
            "The list of photographs, written by the user or shipped with evenmatch; it has no "
            "address and no published checksum."
        ),
        "encodingFormat": "text/csv",
        "includes": card.samples.manifest,
    }
    listed = card.samples.loader == "manifest" and manifest["@id"] not in named
    return [*files, *([manifest] if listed else []), images]


def _file(file: AccessFile) -> Json:
    """Return a published file; one without a confirmed checksum as a set of its one name."""
    size = {"contentSize": f"{file.bytes} B"} if file.bytes else {}
    if file.sha256 != UNCONFIRMED:
        doubt = "" if file.url_confirmed else "The address has not been confirmed."
        return {
            "@type": "cr:FileObject",
            "@id": _identifier(file.path),
            "name": file.path,
            **({"description": doubt} if doubt else {}),
            "contentUrl": file.url,
            **size,
            "encodingFormat": encoding_format(file.path),
            "sha256": file.sha256,
        }
    address = "confirmed" if file.url_confirmed else "not confirmed"
    length = f" It has {file.bytes} bytes." if file.bytes else ""
    return {
        "@type": "cr:FileSet",
        "@id": _identifier(file.path),
        "name": file.path,
        "description": (
            f"Published at {file.url} (address {address}). No checksum of it is confirmed: the "
            f"first download records one.{length}"
        ),
        "encodingFormat": encoding_format(file.path),
        "includes": file.path,
    }


def _record_sets(card: Card) -> list[Json]:
    """Return the labels themselves, and the columns of the manifest where there is one."""
    labels = [_label_records(card)] if card.attributes else []
    samples = [_manifest_records(card)] if card.samples.loader == "manifest" else []
    return [*labels, *samples]


def _label_records(card: Card) -> Json:
    """Return the labels as records: what each says, of whom, and who wrote it."""
    records = [
        {
            "labels/name": name,
            "labels/of": attribute.of,
            "labels/values": ", ".join(attribute.values) or "as they come",
            "labels/labelled_by": attribute.labelled_by,
            "labels/note": attribute.note,
        }
        for name, attribute in card.attributes.items()
    ]
    meant = {
        "name": "The label.",
        "of": "Whether it belongs to the subject or to one sample.",
        "values": "What it may say.",
        "labelled_by": "Who or what wrote it.",
        "note": "What else a reader must know; may be blank.",
    }
    return {
        "@type": "cr:RecordSet",
        "@id": "labels",
        "name": "labels",
        "description": "The labels of the benchmark, and who wrote them.",
        "key": {"@id": "labels/name"},
        "field": [_field(f"labels/{name}", text) for name, text in meant.items()],
        "data": records,
    }


def _manifest_records(card: Card) -> Json:
    """Return the columns of the manifest, each with its place in it."""
    manifest = _identifier(card.samples.manifest)
    published = {_identifier(file.path) for file in card.access.files if file.sha256 != UNCONFIRMED}
    kind = "fileObject" if manifest in published else "fileSet"
    meant = {
        "sample_id": "The photograph.",
        "subject_id": f"The person, known by {card.samples.subject_ids}.",
        **{name: _annotation(name, each) for name, each in card.attributes.items()},
    }
    return {
        "@type": "cr:RecordSet",
        "@id": "samples",
        "name": "samples",
        "description": "One record a photograph.",
        "key": {"@id": "samples/sample_id"},
        "field": [
            _field(f"samples/{name}", text)
            | {"source": {kind: {"@id": manifest}, "extract": {"column": name}}}
            for name, text in meant.items()
        ],
    }


def _field(place: str, text: str) -> Json:
    """Return a field of a record set, as text."""
    return {
        "@type": "cr:Field",
        "@id": _identifier(place),
        "name": place.partition("/")[2],
        "description": text,
        "dataType": "sc:Text",
    }


def _annotation(name: str, attribute: Attribute) -> str:
    """Return what a column says, of whom, and who wrote it."""
    values = ", ".join(attribute.values) or "as they come"
    return " ".join(
        _sentence(part)
        for part in (
            f"{name}: of the {'person' if attribute.of == 'subject' else 'photograph'}",
            f"Labelled by: {meaning(LABELLED_BY, attribute.labelled_by)}",
            f"Values: {values}",
            attribute.note,
        )
        if part
    )


def _responsible(card: Card) -> Json:
    """Return the responsible-AI fields; those that would say nothing are left out."""
    consent = _said("Consent", meaning(CONSENT, card.consent.basis), card.consent.note)
    access = _said("Access", meaning(ACCESS, card.access.how), card.access.steps)
    state = _said("State", meaning(STATE, card.status.state), card.status.note)
    instead = [f"Use instead: {', '.join(card.status.instead)}."] if card.status.instead else []
    origin = ", ".join(card.derived_from) or "nothing else, as far as this card knows"
    said: dict[str, str | list[str]] = {
        "dataCollection": consent,
        "dataCollectionRawData": f"Made from: {origin}.",
        "dataCollectionMissingData": (
            "A blank label is unknown: a group of its own, shown and never merged with another."
        ),
        "dataAnnotationProtocol": [_annotation(*item) for item in card.attributes.items()],
        "annotatorDemographics": _by(card, {"annotator"}, "who decided is not recorded here"),
        "machineAnnotationTools": _by(card, {"classifier", "measured"}, "written by a program"),
        "dataLimitations": list(card.known_issues),
        "dataBiases": [
            "The card does not measure them; every audit counts people and photographs by group."
        ],
        "dataUseCases": [
            "Testing face matchers: false match and false non-match rates by group.",
            _said("Licence", card.licence.id, f"Use: {meaning(LICENCE_USE, card.licence.use)}"),
        ],
        "dataSocialImpact": (
            "Rates measured on it describe these photographs; they are not a licence to use a face "
            "matcher on anyone."
        ),
        "personalSensitiveInformation": _sensitive(card),
        "dataReleaseMaintenancePlan": " ".join([state, *instead, access]),
    }
    return {f"rai:{key}": value for key, value in said.items() if value}


def _by(card: Card, sources: Iterable[str], text: str) -> list[str]:
    """Return a sentence for each attribute whose labels came from one of the sources."""
    return [
        _said(name, text, attribute.note)
        for name, attribute in card.attributes.items()
        if attribute.labelled_by in sources
    ]


def _sensitive(card: Card) -> list[str]:
    """Return what is in the benchmark that could hurt the people in it."""
    if card.consent.basis == "synthetic":
        return ["Generated faces: no person is shown."]
    names = (
        ["Subjects are filed under people's names."] if card.samples.subject_ids == "names" else []
    )
    labels = [name for name, attribute in card.attributes.items() if attribute.of == "subject"]
    return [
        "Biometric: photographs of people's faces, from which templates can be made.",
        *names,
        *([f"Labels of people: {', '.join(labels)}."] if labels else []),
    ]
