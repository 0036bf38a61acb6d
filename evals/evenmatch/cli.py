"""The command `evenmatch`: each subcommand asks one function and prints what it answers."""

from __future__ import annotations

import dataclasses
import io
import json
import logging
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from evenmatch.ending import as_failure
from evenmatch.errors import RequestError
from evenmatch.listing import print_rows
from evenmatch.shelf.commands import datasets
from evenmatch.starting.command import init

app = typer.Typer(
    name="evenmatch",
    help="Audit face matchers: how often they are wrong, and for whom.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
matchers = typer.Typer(help="The matchers that can be audited.", no_args_is_help=True)
cache = typer.Typer(help="The private folder: templates, keys and weights.", no_args_is_help=True)
app.command("init")(init)
app.add_typer(datasets, name="datasets")
app.add_typer(matchers, name="matchers")
app.add_typer(cache, name="cache")

Overrides = Annotated[
    list[str], typer.Option("--set", help="Set one key, such as --set seed=7. Repeatable.")
]
Out = Annotated[Path, typer.Option(help="Folder that audits are written to.")]


def _folder(audit: Path) -> Path:
    """Take an audit's `results.json` for its folder: both are what people name."""
    return audit.parent if audit.name == "results.json" and audit.is_file() else audit


AuditFolder = Annotated[Path, typer.Argument(help="An audit's folder.", callback=_folder)]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document for scripts.")]


def main() -> None:
    """Run the command; a failure is a sentence on standard error and an exit code."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a name on disk need not be text
    try:
        app(standalone_mode=True)
    except Exception as error:
        failure = as_failure(error)
        if failure is None:
            raise
        Console(stderr=True, highlight=False, soft_wrap=True, markup=False, emoji=False).print(
            f"evenmatch: {failure}"
        )
        sys.exit(failure.exit_code)
    except KeyboardInterrupt:
        Console(stderr=True).print(
            "evenmatch: stopped; finished templates are kept. Run the same command to go on."
        )
        sys.exit(130)


@app.command()
def run(  # noqa: PLR0913 - the options of a command
    configs: Annotated[list[Path], typer.Argument(help="YAML files, one audit each.")],
    overrides: Overrides = [],
    out: Out = Path("reports"),
    fresh: Annotated[bool, typer.Option("--fresh", help="Count again a finished audit.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
    fail_on_refuted: Annotated[
        bool, typer.Option("--fail-on-refuted", help="Exit with 1 where a claim is refuted.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Audit the matchers of one or several configs; the same command again resumes."""
    from evenmatch.config import load_config
    from evenmatch.data.progress import silent
    from evenmatch.progress import terminal_progress
    from evenmatch.recording import Recorder
    from evenmatch.reporting.overview import write_overview
    from evenmatch.run import evaluate
    from evenmatch.run_output import run_document
    from evenmatch.summary import print_summary

    _say_steps(quiet=quiet)
    # Every config is read before the first audit starts: a mistake in the last costs no night.
    parsed = [load_config(path, tuple(overrides)) for path in configs]
    terse = quiet or as_json
    audits, recorder = [], Recorder((lambda _: None) if terse else typer.echo, _warn)
    for config in parsed:
        audit = evaluate(config, out, fresh=fresh, progress=silent if quiet else terminal_progress)
        audits.append(audit)
        overview = write_overview(out)
        if not terse:
            print_summary(audit.result, audit.folder, overview)
        if config.tracking is not None:
            recorder.send(audit.folder)
    waiting = recorder.finish(out)
    if as_json:
        typer.echo(run_document(audits, [recorder.runs.get(audit.folder) for audit in audits]))
    refuted = [row.claim for audit in audits for row in audit.result.claims if row.refuted]
    if fail_on_refuted and refuted:
        typer.echo(f"evenmatch: refuted: {', '.join(refuted)}.", err=True)
        raise typer.Exit(1)
    if waiting:
        raise typer.Exit(3)


def _say_steps(*, quiet: bool) -> None:
    """Print what the program says of its own steps, such as planned memory, on standard error."""
    logger = logging.getLogger("evenmatch")
    if not logger.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(message)s"))
        logger.addHandler(handler)
    logger.setLevel(logging.WARNING if quiet else logging.INFO)


def _warn(sentence: str) -> None:
    typer.echo(f"evenmatch: {sentence}", err=True)


@app.command()
def validate(  # noqa: PLR0913 - the options of a command
    config: Path,
    overrides: Overrides = [],
    as_json: AsJson = False,
    scale_to: Annotated[
        float | None, typer.Option(help="Also plan for so many templates, such as 170e6.")
    ] = None,
    dim: Annotated[int, typer.Option(help="Length of a template, for --scale-to.")] = 512,
    device_memory: Annotated[float, typer.Option(help="GiB of a device, for --scale-to.")] = 64.0,
    spread: Annotated[
        float, typer.Option(help="Of people's own false match rates, over their mean.")
    ] = 1.0,
    speed: Annotated[
        Path | None, typer.Option(help="What `evenmatch bench --json` printed on the device.")
    ] = None,
) -> None:
    """Say what would be compared and what each operating point needs, without running."""
    from evenmatch.config import load_config
    from evenmatch.foresight.designs import plan_scale
    from evenmatch.foresight.feasibility import foresee
    from evenmatch.foresight.printed import print_foresight
    from evenmatch.foresight.scale import Scale, read_speed
    from evenmatch.foresight.scale_printed import print_scale

    if scale_to is None and (dim, device_memory, spread, speed) != (512, 64.0, 1.0, None):
        raise RequestError(
            "--dim, --device-memory, --spread and --speed are about a larger benchmark; add "
            "--scale-to with its templates, such as --scale-to 1e6, or leave them out."
        )
    parsed = load_config(config, tuple(overrides))
    foresight = foresee(parsed)
    if scale_to is not None:
        measured = read_speed(speed) if speed else None
        scale = Scale(scale_to, dim, device_memory, spread, measured)
        plan_of_scale = plan_scale(parsed, scale, foresight)
        if as_json:
            typer.echo(json.dumps(dataclasses.asdict(plan_of_scale), indent=2))
        else:
            print_scale(plan_of_scale)
        return
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(foresight), indent=2))
    else:
        print_foresight(foresight)


@app.command()
def plan(  # noqa: PLR0913 - the options of a command
    claim: Annotated[
        str | None, typer.Argument(help="A claim, such as 'fnmr <= 0.003 at fmr=1e-5'.")
    ] = None,
    metric: Annotated[str | None, typer.Option(help="fnmr, fmr, fpir or fnir.")] = None,
    bound: Annotated[
        str | None,
        typer.Option(help="What it is claimed to keep to; with --ratio, a group's rate."),
    ] = None,
    at: Annotated[str | None, typer.Option(help="Where: fmr=... or fpir=...")] = None,
    truth: Annotated[float | None, typer.Option(help="The rate supposed to be true.")] = None,
    ratio: Annotated[
        float | None, typer.Option(help="Tell two groups apart whose rates have this ratio.")
    ] = None,
    photographs: Annotated[int, typer.Option(help="Photographs, or searches, a person.")] = 2,
    correlation: Annotated[
        float, typer.Option(help="Of two mated comparisons, or searches, of one person: 0 to 1.")
    ] = 0.5,
    design_effect: Annotated[
        float, typer.Option(help="Of non-mated comparisons: 2 to 40 on real faces.")
    ] = 10.0,
    power: Annotated[float, typer.Option(help="Chance of the verdict wanted.")] = 0.8,
    as_json: AsJson = False,
) -> None:
    """Say how many people and comparisons decide a claim, or tell two groups apart."""
    from evenmatch.foresight.sample_sizes import (
        Collection,
        print_sizes,
        read_question,
        sample_sizes,
    )

    question = dataclasses.replace(
        read_question(claim, metric=metric, bound=bound, at=at),
        truth=truth,
        ratio=ratio,
        collection=Collection(photographs, correlation, design_effect, power),
    )
    sizes = sample_sizes(question)
    if as_json:
        answer = {
            "question": dataclasses.asdict(question),
            "sizes": [*map(dataclasses.asdict, sizes)],
        }
        typer.echo(json.dumps(answer, indent=2))
    else:
        print_sizes(question, sizes)


@app.command()
def report(audit: AuditFolder) -> None:
    """Render an audit's tables, figures and page again from its results alone."""
    from evenmatch.reporting.audit import render_audit
    from evenmatch.reporting.overview import write_overview_above
    from evenmatch.results.reading import read_results

    result = read_results(audit)
    typer.echo(render_audit(result, audit))
    write_overview_above(audit, result)


@app.command()
def compare(  # noqa: PLR0913 - the options of a command
    first: Annotated[str, typer.Argument(help="An audit's folder, or AUDIT:MATCHER.")],
    second: Annotated[str | None, typer.Argument(help="Another; the first by default.")] = None,
    at: Annotated[str | None, typer.Option(help="An operating point of the first.")] = None,
    other_at: Annotated[str | None, typer.Option("--with", help="That of the second.")] = None,
    masks: Annotated[str | None, typer.Option(help="Masks of the first: PROBE/REFERENCE.")] = None,
    other_masks: Annotated[str | None, typer.Option("--with-masks", help="Of the second.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for comparison.csv and comparison.html.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what improved for whom and what got worse between two matchers, audits or thresholds."""
    from evenmatch.contrasting.compare import Choice, compare_audits
    from evenmatch.contrasting.show import print_contrast
    from evenmatch.reporting.comparison import write_comparison

    contrast = compare_audits(first, second, Choice(at, other_at, masks, other_masks))
    if as_json:
        typer.echo(contrast.model_dump_json(indent=2))
    else:
        print_contrast(contrast)
    for path in write_comparison(contrast, out) if out else ():
        typer.echo(path, err=as_json)


@app.command()
def verify(audit: AuditFolder, as_json: AsJson = False) -> None:
    """Recompute an audit's numbers from its stored scores, check its digests, say what differs."""
    from evenmatch.verifying.verify import print_verified, verify

    verified = verify(audit)
    if as_json:
        typer.echo(json.dumps(verified.as_json(), indent=2))
    else:
        print_verified(verified)
    if verified.differences:
        raise typer.Exit(1)


@app.command()
def track(audit: AuditFolder) -> None:
    """Send an audit to MLflow; what is there already is not sent twice."""
    from evenmatch.reporting.tracking import track_audit

    typer.echo(f"MLflow run  {track_audit(audit)}")


@app.command()
def reveal(
    audit: AuditFolder,
    pseudonym: Annotated[str, typer.Argument(help="A pseudonym from its tables.")],
) -> None:
    """Turn a pseudonym back into its sample or subject, on the machine that made it."""
    from evenmatch.inputs import reveal_pseudonym

    typer.echo(reveal_pseudonym(audit, pseudonym))


@app.command()
def review(
    audit: AuditFolder,
    top: Annotated[int, typer.Option(help="Pairs of each kind from every matcher.")] = 100,
) -> None:
    """Write a private page of the worst errors with their photographs, to look for wrong labels."""
    from evenmatch.reviewing.page import write_review

    typer.echo(write_review(audit, top))


@app.command()
def mask(
    image: Path,
    shape: Annotated[str, typer.Option(help="wide or round")] = "wide",
    coverage: Annotated[str, typer.Option(help="low, medium or high")] = "high",
    colour: Annotated[
        str, typer.Option(help="black, white, blue, green, red or light-blue")
    ] = "light-blue",
    landmarks: Annotated[str, typer.Option(help="dlib68 or mtcnn5")] = "dlib68",
    out: Annotated[Path | None, typer.Option(help="Picture to write.")] = None,
) -> None:
    """Draw a synthetic mask on a photograph and write the picture, to be looked at."""
    from evenmatch.data.masks import MaskDrawing, write_masked

    drawing = MaskDrawing.parse(f"synthetic-{shape}-{coverage}-{colour}")
    target = out or image.parent / f"{image.stem}-{drawing}.png"
    typer.echo(write_masked(image, target, drawing, landmarks=landmarks))


@app.command()
def bench(
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "auto",
    dim: Annotated[int, typer.Option(help="Length of a template.")] = 512,
    templates: Annotated[int, typer.Option(help="How many templates.")] = 16384,
    groups: Annotated[int, typer.Option(help="How many demographic groups.")] = 8,
    matcher: Annotated[
        str | None, typer.Option(help="Also time a matcher, such as dlib, on generated faces.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure how fast this machine counts, against torch's own matrix product."""
    from evenmatch.benchmarking import measure_speed

    speed = measure_speed(
        device=device, dim=dim, templates=templates, groups=groups, matcher=matcher
    )
    if as_json:
        typer.echo(json.dumps(speed.as_json(), indent=2))
        return
    typer.echo(
        f"{speed.templates:,} templates of {speed.dim} numbers in {speed.groups} groups on "
        f"{speed.device_name} ({speed.device})\n"
        f"counting        {speed.comparisons_per_second:.3g} comparisons a second\n"
        f"bare product    {speed.matmul_comparisons_per_second:.3g} comparisons a second\n"
        f"ratio           {speed.matmul_ratio:.2f} (median of five interleaved pairs)\n"
        f"every pair      {speed.seconds_for_all:.3g} seconds\n"
        f"peak memory     {speed.peak_memory_bytes / 2**20:,.0f} MiB, of which at most "
        f"{speed.planned_memory_bytes / 2**20:,.0f} MiB were planned for counting"
    )
    if speed.images_per_second is not None:
        typer.echo(f"photographs     {speed.images_per_second:.3g} a second through {matcher}")


@matchers.command("list")
def list_matchers(as_json: AsJson = False) -> None:
    """List the kinds of matcher, what each needs and whether it is installed."""
    from evenmatch.matching.registry import matcher_kinds

    rows = [
        {
            "kind": kind.kind,
            "installed": "yes" if kind.installed else kind.install or "no",
            "what": kind.description,
        }
        for kind in matcher_kinds()
    ]
    print_rows(rows, as_json=as_json)


@cache.command("info")
def cache_info() -> None:
    """Say where the private folder is and what it holds."""
    from evenmatch.data.cache_dir import cache_dir, holdings

    typer.echo(str(cache_dir()))
    for name, files, size in holdings():
        typer.echo(f"{name:<12} {files:>8} files {size / 1e6:>10.1f} MB")


@cache.command("purge")
def cache_purge() -> None:
    """Remove templates, keys and weights, and say what was removed."""
    from evenmatch.data.cache_dir import purge

    for name, files, size in purge():
        typer.echo(f"removed {name}: {files} files, {size / 1e6:.1f} MB")
