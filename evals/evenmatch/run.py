"""The whole story: one config in, one audit out."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

from evenmatch.audit import Audit
from evenmatch.comparing import check_comparisons, compare_groups
from evenmatch.config import RunConfig, load_config
from evenmatch.data.card import describe
from evenmatch.data.progress import Progress, silent
from evenmatch.data.pseudonyms import Pseudonyms
from evenmatch.errors import OutsideError, RequestError
from evenmatch.holding import held
from evenmatch.inputs import group_sizes, read_inputs
from evenmatch.measurements import measured_tables
from evenmatch.measuring import measure, open_source
from evenmatch.provenance import provenance
from evenmatch.reporting.audit import write_audit
from evenmatch.reporting.digests import is_whole
from evenmatch.reporting.evidence import write_evidence
from evenmatch.results.label_sources import with_label_sources
from evenmatch.results.model import RunResult
from evenmatch.results.reading import read_results
from evenmatch.results.scenarios import check_groups, scenario_rows
from evenmatch.variants import variant_tables, write_overlap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evenmatch.inputs import Inputs
    from evenmatch.measuring import Measured, Source
    from evenmatch.results.claim_rows import ClaimVerdict
    from evenmatch.results.model import Provenance

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
    with held(folder, says=f"another run is making {folder}; this one waits for it."):
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
    result = _assemble(config, inputs, measured, made_by).model_copy(update=extra)
    result = with_label_sources(result)
    write_evidence(measured, pseudonyms, folder)
    write_overlap([each.varied for each in measured], pseudonyms, folder)
    return Audit(write_audit(result, folder), result)


def _refuse_unwritable(folder: Path) -> None:
    """Refuse a folder that cannot be made before the work that would fill it."""
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


def _assemble(
    config: RunConfig, inputs: Inputs, measured: Sequence[Measured], made_by: Provenance
) -> RunResult:
    compared = [compare_groups(each, inputs, config) for each in measured]
    result = RunResult(
        name=config.name,
        config=config.as_written(),
        card=describe(inputs.card),
        provenance=made_by,
        groups=group_sizes(inputs, inputs.groups(inputs.given)),
        matchers=[each.facts for each in measured],
        thresholds=[row for each in measured for row in each.thresholds],
        error_rates=[row for each in measured for row in each.error_rates],
        identification=[row for each in measured for row in each.identified.rates],
        failures=[row for each in measured for row in each.failures],
        distributions=[row for each in measured for row in each.distributions],
        curves=[row for each in measured for row in each.curves],
        claims=_in_order(config, measured),
        tradeoff=[row for each in measured for row in each.tradeoff],
        mask_differences=[row for each in measured for row in each.mask_differences],
        sweeps=[row for each in measured for row in each.sweeps],
        search_sweeps=[row for each in measured for row in each.search_sweeps],
        equity=[row for each in compared for row in each.equity],
        differences=[row for each in compared for row in each.differences],
        group_tests=[row for each in compared for row in each.group_tests],
        label_noise=[row for each in compared for row in each.label_noise],
        strata=[row for each in compared for row in each.strata],
        # Who is enrolled depends on the seed and the labels alone, unless a vendor enrolled.
        galleries=list(
            {
                (row.gallery, row.group_by, row.group): row
                for each in measured
                for row in each.identified.galleries
            }.values()
        ),
        selectivity=[row for each in measured for row in each.identified.selectivity],
        **variant_tables([each.varied for each in measured]),
        candidates=[row for each in measured for row in each.identified.candidates],
        gallery_size=[row for each in measured for row in each.identified.gallery_size],
        gallery_slope=[row for each in measured for row in each.identified.gallery_slope],
        notices=[
            *inputs.notices,
            *dict.fromkeys(notice for each in measured for notice in each.identified.notices),
            *(notice for each in compared for notice in each.notices),
            *dict.fromkeys(notice for each in measured for notice in each.varied.notices),
        ],
    )
    day = scenario_rows(config.scenario, result, config.statistics.level)
    return result.model_copy(update={"scenario": day})


def _in_order(config: RunConfig, measured: Sequence[Measured]) -> list[ClaimVerdict]:
    """Return the verdicts in the order in which the config claims."""
    place = {claim.id: number for number, claim in enumerate(config.claims)}
    return sorted(
        (row for each in measured for row in each.claims), key=lambda row: place[row.claim]
    )
