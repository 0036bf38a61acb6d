"""The designs that coverage is shown for, each at several numbers of expected errors."""

from __future__ import annotations

from dataclasses import dataclass

from simulation.populations import Design, Effects

MIXED = {
    "FMR": Effects(person=0.04, pair=0.3, photo=0.04),
    "FNMR": Effects(person=0.3, pair=0.0, photo=0.1),
    "FPIR": Effects(person=0.04, pair=0.3, photo=0.04),
}
PEOPLE = {
    "FMR": Effects(person=0.1, pair=0.1, photo=0.02),
    "FNMR": Effects(person=0.7, pair=0.0, photo=0.05),
    "FPIR": Effects(person=0.1, pair=0.1, photo=0.02),
}
PAIRS = {"FMR": Effects(person=0.02, pair=0.6, photo=0.02)}
SHARES = {"mixed": MIXED, "people": PEOPLE, "pairs": PAIRS}
NEAR = {
    ("FMR", 60, 4, "people"): 4,
    ("FMR", 60, 0, "mixed"): 4,
    ("FNMR", 60, 0, "mixed"): 4,
    ("FNMR", 200, 4, "mixed"): 4,
}


@dataclass(frozen=True)
class Scenario:
    """One design with the numbers of errors to expect in a replicate of it.

    Attributes:
        design: who is compared with whom.
        expected: errors a replicate has on average, twins' errors not counted.
        effects: what the shares of the variance are called in the table.
        repeat: how many times the usual replicates are drawn, where a figure is near its target.
    """

    design: Design
    expected: tuple[float, ...]
    effects: str = "mixed"
    repeat: int = 1

    @property
    def name(self) -> str:
        """Return the name that the command line knows."""
        d = self.design
        photos = str(d.photos) if d.photos else "1-8"
        twins = f" twins {d.twins:g}" if d.twins else ""
        return f"{d.rate} {d.plan} {d.people}x{photos} {self.effects}{twins}"


@dataclass(frozen=True)
class Pairing:
    """Two groups whose rates are compared.

    Attributes:
        rate: `FMR` or `FNMR`.
        people: of both groups together.
        photos: photographs of each person.
        expected: errors expected in the first cell and in the second.
        shared: whether people are in both cells: the first group against itself, and against
            the second; otherwise each group against itself.
    """

    rate: str
    people: int
    photos: int
    expected: tuple[float, float]
    shared: bool = False

    @property
    def name(self) -> str:
        """Return the name that the command line knows."""
        cells = "within to cross" if self.shared else "A to B"
        return f"ratio {self.rate} {cells} {self.people}x{self.photos}"


def _of(
    rate: str, plan: str, people: int, photos: int, *expected: float, effects: str = "mixed"
) -> Scenario:
    design = Design(rate, plan, people, photos, SHARES[effects][rate])
    return Scenario(design, expected, effects, NEAR.get((rate, people, photos, effects), 1))


def _twins(people: int, photos: int, chance: float, *expected: float) -> Scenario:
    design = Design("FMR", "symmetric", people, photos, MIXED["FMR"], chance)
    return Scenario(design, expected)


SCENARIOS = (
    _of("FMR", "symmetric", 10, 1, 0.5, 3, 10),
    _of("FMR", "symmetric", 10, 2, 0.5, 3, 10, 30),
    _of("FMR", "symmetric", 10, 4, 0.5, 3, 10, 30, 100),
    _of("FMR", "symmetric", 60, 1, 0.5, 3, 10, 30, 100, 300),
    _of("FMR", "symmetric", 60, 2, 0.5, 3, 10, 30, 100, 300),
    _of("FMR", "symmetric", 60, 4, 0.5, 3, 10, 30, 100, 300),
    _of("FMR", "symmetric", 60, 0, 3, 30, 300),
    _of("FMR", "symmetric", 200, 1, 0.5, 3, 10, 30, 100, 300),
    _of("FMR", "symmetric", 200, 2, 3, 30, 300),
    _of("FMR", "symmetric", 200, 4, 0.5, 3, 10, 30, 100, 300),
    _of("FMR", "symmetric", 60, 4, 3, 10, 30, 100, 300, effects="people"),
    _of("FMR", "symmetric", 200, 2, 3, 30, 300, effects="people"),
    _of("FMR", "symmetric", 60, 4, 3, 10, 30, 100, 300, effects="pairs"),
    _of("FMR", "symmetric", 200, 2, 3, 30, 300, effects="pairs"),
    _of("FMR", "ordered", 10, 2, 3, 30),
    _of("FMR", "ordered", 60, 2, 0.5, 3, 10, 30, 100, 300),
    _of("FMR", "ordered", 200, 1, 3, 30, 300),
    _of("FMR", "cross-group", 10, 2, 3, 10, 30),
    _of("FMR", "cross-group", 60, 4, 0.5, 3, 10, 30, 100, 300),
    _of("FMR", "cross-group", 200, 2, 3, 30, 300),
    _twins(10, 2, 1.0, 0.5, 3, 10),
    _twins(60, 4, 1.0, 0.5, 3, 10, 30, 100),
    _twins(60, 4, 0.5, 0.5, 3, 10, 30, 100),
    _twins(60, 4, 0.05, 0.5, 3, 10, 30, 100),
    _twins(200, 4, 0.5, 3, 30, 100),
    _of("FNMR", "symmetric", 10, 2, 0.5, 3),
    _of("FNMR", "symmetric", 10, 4, 0.5, 3, 10),
    _of("FNMR", "symmetric", 60, 1, 0.5, 3, 10),
    _of("FNMR", "symmetric", 60, 4, 0.5, 3, 10, 30, 100),
    _of("FNMR", "symmetric", 60, 0, 0.5, 3, 10, 30, 100),
    _of("FNMR", "symmetric", 200, 1, 0.5, 3, 10, 30),
    _of("FNMR", "symmetric", 200, 4, 0.5, 3, 10, 30, 100, 300),
    _of("FNMR", "symmetric", 60, 4, 3, 10, 30, 100, effects="people"),
    _of("FNMR", "symmetric", 200, 4, 3, 10, 30, 100, 300, effects="people"),
    _of("FNMR", "ordered", 60, 4, 3, 10, 30),
    _of("FPIR", "gallery", 10, 1, 0.5, 3),
    _of("FPIR", "gallery", 10, 4, 0.5, 3, 10),
    _of("FPIR", "gallery", 60, 1, 0.5, 3, 10),
    _of("FPIR", "gallery", 60, 4, 0.5, 3, 10, 30, 100),
    _of("FPIR", "gallery", 200, 1, 0.5, 3, 10, 30, 100),
    _of("FPIR", "gallery", 200, 2, 3, 10, 30, 100),
    _of("FPIR", "gallery", 60, 4, 3, 10, 30, 100, effects="people"),
    _of("FPIR", "gallery", 200, 2, 3, 10, 30, 100, effects="people"),
)

PAIRINGS = tuple(
    Pairing(rate, people, photos, expected, shared)
    for rate, people, photos, shared, cases in (
        ("FMR", 20, 2, False, ((3, 3), (10, 30))),
        ("FMR", 120, 2, False, ((3, 3), (30, 30), (30, 90), (100, 100))),
        ("FMR", 120, 2, True, ((3, 3), (30, 30), (100, 60))),
        ("FNMR", 20, 2, False, ((3, 3),)),
        ("FNMR", 120, 4, False, ((3, 3), (20, 20), (10, 30), (60, 60))),
        ("FNMR", 400, 4, False, ((3, 9), (30, 30), (100, 100))),
    )
    for expected in cases
)
