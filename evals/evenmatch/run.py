"""The whole story: one config in, one audit out."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

from evenmatch.assembling import assemble
from evenmatch.audit import Audit
from evenmatch.comparing import check_comparisons
from evenmatch.config import RunConfig, load_config
from evenmatch.data.progress import Progress, silent
from evenmatch.data.pseudonyms import Pseudonyms
from evenmatch.errors import OutsideError, RequestError
from evenmatch.files import clear_halves, is_no_text
from evenmatch.holding import held
from evenmatch.inputs import read_inputs
from evenmatch.measurements import measured_tables
from evenmatch.measuring import measure, open_source
from evenmatch.provenance import provenance
from evenmatch.reporting.audit import write_audit
from evenmatch.reporting.digests import is_whole
from evenmatch.reporting.evidence import write_evidence
from evenmatch.results.label_sources import with_label_sources
from evenmatch.results.reading import read_results
from evenmatch.results.scenarios import check_groups
from evenmatch.variants import write_overlap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evenmatch.inputs import Inputs
    from evenmatch.measuring import Source
    from evenmatch.results.model import Provenance, RunResult

_LOG = logging.getLogger(__name__)


def evaluate(
    config: RunConfig | str | Path,
    out: str | Path = "reports",
    *,
    fresh: bool = False,
    progress: Progress = silent,
) -> Audit:
    """Audit the matchers of a run and write the audit's folder.

    Args:
        config: the run, or the path of its YAML file.
        out: where audits are written; this one goes to `<out>/<name>/<run id>`.
        fresh: count again even where this very audit is finished.
        progress: shows how far long steps are.

    Raises:
        RequestError: the request was wrong; nothing was written.
        OutsideError: something outside failed; what was finished is kept.
    """
    if not isinstance(config, RunConfig):
        config = load_config(config)
    inputs = read_inputs(config, progress)
    groupings = inputs.groups(inputs.given).groupings
    check_groups(
        config.scenario,
        {name: [group.label for group in members] for name, members in groupings.items()},
    )
    check_comparisons(config, inputs)
    sources = [open_source(entry, config, inputs.card, progress) for entry in config.matchers]
    made_by = provenance(config, inputs, sources)
    folder = Path(out) / config.name / made_by.run_id
    _refuse_unwritable(folder)
    with held(folder, says=f"another run is making {folder}; this one waits for it.") as alone:
        if alone:
            clear_halves(folder, below=True)
        if not fresh and (result := _finished(folder, config, made_by)):
            return Audit(write_audit(result, folder), result)
        return _made(config, inputs, sources, made_by, folder, progress)


def _made(
    config: RunConfig,
    inputs: Inputs,
    sources: Sequence[Source],
    made_by: Provenance,
    folder: Path,
    progress: Progress,
) -> Audit:
    """Measure, and write the audit: the results last, so that they vouch for the rest."""
    pseudonyms = Pseudonyms(inputs.card.name)
    measured = [measure(source, inputs, config, progress) for source in sources]
    drawn = any(source.matcher or source.program for source in sources)
    extra = measured_tables(inputs, drawn=drawn, progress=progress)
    result = assemble(config, inputs, measured, made_by).model_copy(update=extra)
    result = with_label_sources(result)
    write_evidence(measured, pseudonyms, folder)
    write_overlap([each.varied for each in measured], pseudonyms, folder)
    return Audit(write_audit(result, folder), result)


def _refuse_unwritable(folder: Path) -> None:
    """Refuse a folder that cannot be made or read before the work that would fill it."""
    if is_no_text(folder):
        raise RequestError(
            f"cannot write {folder}: its name is no UTF-8 text, so that nobody could read the "
            "audit; choose another folder with --out."
        )
    place = next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
    if not place.is_dir() or not os.access(place, os.W_OK):
        raise OutsideError(
            f"cannot write {folder}: {place} is no folder that you may write to; choose another "
            "folder with --out."
        )


def _finished(folder: Path, config: RunConfig, made_by: Provenance) -> RunResult | None:
    """Return this audit's results where they are complete and made by this very program."""
    try:
        result = read_results(folder)
    except RequestError:  # none yet, or a damaged file: count again
        return None
    if result.provenance != made_by:
        return None
    if not is_whole(folder):
        _LOG.warning(
            "%s: its evidence or results are damaged, edited or incomplete; counted again.", folder
        )
        return None
    return result.model_copy(update={"config": config.as_written()})
