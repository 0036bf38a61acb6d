"""Everything that the matchers of a run contributed, put into one result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evenmatch.comparing import compare_groups
from evenmatch.data.card import describe
from evenmatch.inputs import group_sizes
from evenmatch.results.model import RunResult
from evenmatch.results.scenarios import scenario_rows
from evenmatch.variants import variant_tables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evenmatch.config import RunConfig
    from evenmatch.inputs import Inputs
    from evenmatch.measuring import Measured
    from evenmatch.results.claim_rows import ClaimVerdict
    from evenmatch.results.model import Provenance


def assemble(
    config: RunConfig, inputs: Inputs, measured: Sequence[Measured], made_by: Provenance
) -> RunResult:
    """Compare the groups of every matcher and put everything found into one result."""
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
            *(notice for each in measured for notice in each.notices),
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
