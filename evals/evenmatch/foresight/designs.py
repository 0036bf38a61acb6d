"""Ways of answering a question about many millions of templates, and what each costs and knows."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from evenmatch.foresight.scale import GIB, Design, ScalePlan
from evenmatch.scoring.memory import Sizes, memory_of, plan_search_memory
from evenmatch.scoring.needs import Compute
from evenmatch.stats.cells import FEWEST_PEOPLE
from evenmatch.stats.sampled_pairs import expected_enough, pairs_half_width, people_half_width
from evenmatch.stats.thresholds import OperatingPoint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from evenmatch.config import RunConfig
    from evenmatch.entries.claim import Claim
    from evenmatch.foresight.model import ClaimForesight, Foresight
    from evenmatch.foresight.scale import Scale

CHEAPER = 1000
ROOT = 32  # 1 person in so many leaves 1 comparison in 1,024
# Bytes of names and codes of a photograph in the process that asks (measured: docs/scaling.md).
NAMES = 400


def plan_scale(config: RunConfig, scale: Scale, now: Foresight) -> ScalePlan:
    """Work out what so many templates take, of people like those of the benchmark.

    Args:
        config: the run, at whose operating points, claims and level the designs are compared.
        scale: how many templates, and of what length.
        now: the run as it is, which says how many photographs a person has, who is in which
            group and who is searched for.
    """
    templates = int(scale.templates)
    people = max(2, int(templates / max(1.0, now.templates / now.people)))
    shards = math.ceil(templates / scale.shard_templates)
    larger = _Larger(config, scale, now, people)
    gallery = now.searches[0].gallery_people / now.people * people if now.searches else None
    return ScalePlan(
        templates=templates,
        people=people,
        gallery_people=None if gallery is None else int(gallery),
        dim=scale.dim,
        template_bytes=4 * scale.dim * templates,
        device_bytes=scale.memory_gib * GIB,
        shards=shards,
        shard_templates=min(scale.shard_templates, templates),
        meetings=shards * (shards + 1) // 2,
        spread=scale.spread,
        level=config.statistics.level,
        device=scale.speed,
        designs=tuple(larger.designs()),
    )


@dataclass(frozen=True)
class _Larger:
    """The audit as it would be with so many people; what it has to do grows with them."""

    config: RunConfig
    scale: Scale
    now: Foresight
    people: int

    def designs(self) -> Iterator[Design]:
        """Return everything and what is cheaper; without those that would have too few people."""
        compared = [
            self._compared(name, one_in, blocks)
            for name, one_in, blocks in (
                ("every comparison", 1, 1),
                (f"everybody, each within 1 of {CHEAPER:,} blocks", 1, CHEAPER),
                (f"1 person in {ROOT}, all comparisons", ROOT, 1),
                (f"1 person in {CHEAPER:,}, all comparisons", CHEAPER, 1),
            )
            if one_in * blocks == 1 or self.people / (one_in * blocks) >= FEWEST_PEOPLE
        ]
        searched = [
            self._searched(name, one_in)
            for name, one_in in (
                ("every search, the whole gallery", 1),
                (f"1 searched person in {CHEAPER:,}, the whole gallery", CHEAPER),
            )
            if self.now.searches and (one_in == 1 or self.people / one_in >= FEWEST_PEOPLE)
        ]
        for kind in (compared, searched):
            for design in kind:
                yield replace(design, share=design.comparisons / kind[0].comparisons)

    def _compared(self, name: str, one_in: int, blocks: int) -> Design:
        """Compare one person in so many, in so many blocks that meet nobody outside."""
        people = self.people / one_in
        a_block = people / blocks
        templates = people * self.now.templates / self.now.people
        comparisons = blocks * self._comparisons(a_block)
        sizes = Sizes(
            comparisons=int(comparisons / blocks),
            sides=(int(templates / blocks),),
            people=int(a_block),
            groups=self.now.finest_groups,
            lying=True,
        )
        kept = Compute(
            keep_scores=self.config.compute.keep_scores, keep_tail=self.config.compute.keep_tail
        )
        return Design(
            kind="1:1",
            name=name,
            people=people,
            templates=templates,
            comparisons=comparisons,
            share=1.0,
            template_bytes=self._bytes(templates),
            memory_bytes=memory_of(sizes, self.scale.dim, kept).total + NAMES * sizes.sides[0],
            **self._hours(templates, comparisons),
            half_widths={
                text: self._pairs_width(point.value, people, blocks, 1.0)
                for text, point in self._points("fmr")
            },
            claims={
                claim.id: self._claimed(claim, people, blocks)
                for claim in self.config.claims
                if not claim.one_to_many
            },
        )

    def _comparisons(self, people: float) -> float:
        """Return the comparisons of so many people, under all mask conditions."""
        now, templates = self.now.people, self.now.templates / self.now.people * people
        if self.now.listed or now < 2:
            return templates * (templates - 1) / 2
        pairs = people * (people - 1) / (now * (now - 1))
        return sum(
            each.non_mated * pairs + each.mated * people / now for each in self.now.conditions
        )

    def _searched(self, name: str, one_in: int) -> Design:
        """Search for one person in so many; claims forbid a smaller gallery (methods 5.8)."""
        growth = self.people / self.now.people
        comparisons = sum(each.comparisons for each in self.now.searches) * growth**2 / one_in
        bare = self.now.searches[0]
        everybody = bare.groups[0]
        made = sum(each.groups[0].mated + each.groups[0].non_mated for each in self.now.searches)
        searches, gallery = made * growth / one_in, bare.gallery_photographs * growth
        assert self.config.one_to_many is not None  # noqa: S101 - there are searches
        memory = plan_search_memory(
            int(searches), int(gallery), self.scale.dim, self.now.finest_groups,
            max(self.config.one_to_many.ranks), lying=True,
        )  # fmt: skip
        return Design(
            kind="1:N",
            name=name,
            people=growth / one_in * (everybody.mated_people + everybody.non_mated_people),
            templates=searches + gallery,
            comparisons=comparisons,
            share=1.0,
            template_bytes=self._bytes(searches + gallery),
            memory_bytes=memory + NAMES * (searches + gallery),
            **self._hours(searches + gallery, comparisons),
            half_widths={
                text: self._people_width(point.value, everybody.non_mated_people / one_in)
                for text, point in self._points("fpir")
            },
            claims={
                claim.id: self._claimed(claim, self.people / one_in, 1)
                for claim in self.config.claims
                if claim.one_to_many
            },
        )

    def _points(self, kind: Literal["fmr", "fpir"]) -> Iterator[tuple[str, OperatingPoint]]:
        """Return the rates at which thresholds are set, those of claims too."""
        asked = self.config.one_to_one.operating_points
        if kind == "fpir" and self.config.one_to_many:
            asked = self.config.one_to_many.operating_points
        for text in dict.fromkeys((*asked, *(claim.at for claim in self.config.claims))):
            point = OperatingPoint.parse(text)
            if point.kind == kind:
                yield text, point

    def _claimed(self, claim: Claim, people: float, blocks: int) -> float | None:
        """Return the half-width at a claim's bound, in the smallest group that it speaks of."""
        rows = [row for row in self.now.claims if row.claim == claim.id]
        if not rows:  # about masks that nobody wears here
            return None
        smallest = min(rows, key=lambda row: row.people)
        if claim.metric != "fmr":
            return self._people_width(claim.limit, smallest.people * people / self.people)
        there = smallest.people / self.now.people * people
        return self._pairs_width(claim.limit, there, blocks, self._of_all_pairs(claim, smallest))

    def _of_all_pairs(self, claim: Claim, group: ClaimForesight) -> float:
        """Return the share of a group's pairs of people that a claim is about."""
        if claim.impostors != "same-group" or self.now.listed:
            return 1.0
        return min(1.0, group.units / max(group.people * (group.people - 1) / 2, 1))

    def _pairs_width(self, rate: float, people: float, blocks: int, share: float) -> float | None:
        """Return the half-width of an FMR; all comparisons of two people count as one."""
        pairs = share * people * (people / blocks - 1) / 2
        if people < FEWEST_PEOPLE or not expected_enough(rate, pairs):
            return None
        return pairs_half_width(
            rate, people=people, pairs=pairs, spread=self.scale.spread,
            level=self.config.statistics.level,
        )  # fmt: skip

    def _people_width(self, rate: float, people_now: float) -> float | None:
        """Return the half-width of a rate of people; all trials of one count as one."""
        people = people_now * self.people / self.now.people
        if people < FEWEST_PEOPLE or not expected_enough(rate, people):
            return None
        return people_half_width(rate, people=people, level=self.config.statistics.level)

    def _bytes(self, templates: float) -> float:
        return 4.0 * self.scale.dim * templates

    def _hours(self, templates: float, comparisons: float) -> dict[str, Any]:
        """Return hours on the measured device; a product's time grows with templates' length."""
        speed = self.scale.speed
        extracting = comparing = None
        if speed is not None:
            comparing = comparisons / speed.comparisons_per_second / 3600
            comparing *= self.scale.dim / speed.dim
            if speed.images_per_second is not None:
                extracting = templates / speed.images_per_second / 3600
        return {"extracting_hours": extracting, "comparing_hours": comparing}
