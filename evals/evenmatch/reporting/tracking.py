"""The audit as MLflow users expect it: a run an audit, inside it a run a matcher.

This module alone imports MLflow, and only when something is sent. MLflow's usage reporting is
switched off. No photograph, template or subject goes there: what is sent is the result, its
tables, figures and page.
"""

from __future__ import annotations

import json
import logging
import os
import warnings
from contextlib import contextmanager
from html import escape
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Any

from evenmatch.errors import EvenmatchError, OutsideError
from evenmatch.reporting.audit import PLOTS, REPORT
from evenmatch.reporting.metric_keys import metrics_of
from evenmatch.reporting.plain_words import paragraphs
from evenmatch.reporting.tables import TABLES
from evenmatch.results.reading import RESULTS, read_results

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlflow.entities import Run
    from mlflow.tracking import MlflowClient

    from evenmatch.results.model import RunResult

DEFAULT_URI = "sqlite:///mlflow.db"
DEFAULT_EXPERIMENT = "evenmatch"

_ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
# A server that does not answer is given half a minute, not MLflow's four minutes and more.
_PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3", "MLFLOW_HTTP_REQUEST_TIMEOUT": "30"}
_QUIET = ("mlflow", "alembic", "urllib3")
_NOT_PARAMETERS = ("tracking", "report", "compute")
_PARAMS, _METRICS, _LONGEST_VALUE, _LONGEST_NOTE, _DIGEST = 100, 1000, 6000, 7500, 36


def track_audit(folder: Path) -> str:
    """Send an audit folder to the MLflow its config names, and return the MLflow run's id.

    Raises:
        RequestError: the folder holds no audit.
        OutsideError: MLflow cannot take it now; the audit itself is untouched.
    """
    return track_result(read_results(folder), folder)


def track_result(
    result: RunResult, folder: Path, *, uri: str | None = None, experiment: str | None = None
) -> str:
    """Send a written audit to MLflow, once, and return the id of its MLflow run.

    An audit that was sent before, whole or in part, goes on in the run it has: found by its
    `evenmatch.run_id`, and nothing is logged twice.

    Raises:
        OutsideError: MLflow cannot take it now; the audit itself is untouched.
    """
    asked = result.config.get("tracking") or {}
    uri = uri or asked.get("uri") or DEFAULT_URI
    experiment = experiment or asked.get("experiment") or DEFAULT_EXPERIMENT
    try:
        with _quiet_mlflow():
            return _send(_client(uri), result, folder, _experiment(uri, experiment))
    except EvenmatchError:
        raise
    except Exception as error:
        said = _first_line(error).replace(uri.rstrip("/"), _without_password(uri).rstrip("/"))
        raise OutsideError(
            f"MLflow at {_without_password(uri)} could not take the audit: {said} "
            f"The audit is complete in {folder}; run `evenmatch track {folder}` to send it."
        ) from error


@contextmanager
def _quiet_mlflow() -> Iterator[None]:
    """Import and use MLflow without its log lines, warnings and usage reports."""
    os.environ.update(_ENVIRONMENT)
    for name, value in _PATIENCE.items():
        os.environ.setdefault(name, value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlflow  # noqa: F401, PLC0415 - it sets its loggers up, which the next lines quiet

        before = {name: logging.getLogger(name).level for name in _QUIET}
        for name in _QUIET:
            logging.getLogger(name).setLevel(logging.CRITICAL)
        try:
            yield
        finally:
            for name, level in before.items():
                logging.getLogger(name).setLevel(level)


def _client(uri: str) -> MlflowClient:
    """Return a client of the store; the folder of an embedded store is made first."""
    from mlflow.tracking import MlflowClient  # noqa: PLC0415 - slow, needed only here

    database = _database(uri)
    if database is not None:
        database.parent.mkdir(parents=True, exist_ok=True)
    return MlflowClient(tracking_uri=uri)


def _experiment(uri: str, name: str) -> dict[str, Any]:
    """Return what makes the experiment; an embedded store keeps its files beside its database."""
    database = _database(uri)
    beside = (
        {}
        if database is None
        else {"artifact_location": (database.parent / "mlartifacts").as_uri()}
    )
    return {"name": name, **beside}


def _database(uri: str) -> Path | None:
    """Return the database file of an embedded store, or None for a server."""
    path = uri.removeprefix("sqlite:///")
    return None if path in (uri, "", ":memory:") else Path(path).resolve()


def _send(client: MlflowClient, result: RunResult, folder: Path, experiment: dict[str, Any]) -> str:
    """Send everything, parent run first, and mark the runs finished last."""
    found = client.get_experiment_by_name(experiment["name"])
    place = found.experiment_id if found else client.create_experiment(**experiment)
    known = _known_runs(client, place, result.provenance.run_id)
    parent = known.get("") or client.create_run(
        place,
        run_name=result.name,
        tags=_tags(result) | _claim_tags(result) | {"mlflow.note.content": _note(result)},
    )
    _log_params(client, parent, _flat(_parameters(result)))
    _log_dataset(client, parent, result)
    children = [_send_matcher(client, result, parent, known, name) for name in _names(result)]
    _log_files(client, parent.info.run_id, folder)
    for run in [*children, parent]:
        client.set_terminated(run.info.run_id, status="FINISHED")
    return str(parent.info.run_id)


def _send_matcher(
    client: MlflowClient, result: RunResult, parent: Run, known: Mapping[str, Run], name: str
) -> Run:
    """Send one matcher as a run inside the audit's run."""
    tags = {
        **_tags(result),
        **_claim_tags(result, name),
        "evenmatch.role": "matcher",
        "evenmatch.matcher": name,
        "mlflow.parentRunId": parent.info.run_id,
    }
    place = parent.info.experiment_id
    run = known.get(name) or client.create_run(place, run_name=name, tags=tags)
    facts = next(matcher for matcher in result.matchers if matcher.name == name)
    _log_params(client, run, _flat(facts.model_dump()))
    _log_dataset(client, run, result)
    _log_metrics(client, run, metrics_of(result, name))
    return run


def _names(result: RunResult) -> list[str]:
    """Return the matchers' names."""
    return [matcher.name for matcher in result.matchers]


def _known_runs(client: MlflowClient, place: str, run_id: str) -> dict[str, Run]:
    """Return the MLflow runs an audit has already: its own under "", each matcher's by name."""
    runs = client.search_runs([place], f"tags.`evenmatch.run_id` = '{run_id}'", max_results=1000)
    oldest_first = sorted(runs, key=lambda run: -run.info.start_time)
    known = {run.data.tags.get("evenmatch.matcher", ""): run for run in oldest_first}
    parent = known.get("")
    mine = parent.info.run_id if parent else None
    return {
        name: run
        for name, run in known.items()
        if not name or run.data.tags.get("mlflow.parentRunId") == mine
    }


def _tags(result: RunResult) -> dict[str, str]:
    """Return provenance as tags."""
    made = result.provenance
    return {
        "evenmatch.run_id": made.run_id,
        "evenmatch.role": "audit",
        "evenmatch.audit": result.name,
        "evenmatch.card": str(result.card.get("name", "")),
        "evenmatch.card_digest": made.card_digest,
        "evenmatch.config_digest": made.config_digest,
        "evenmatch.samples_digest": made.samples_digest,
        "evenmatch.git_revision": made.git_revision or "",
        "evenmatch.seed": str(made.seed),
        "evenmatch.schema_version": str(result.schema_version),
        "evenmatch.version": made.versions.get("evenmatch", ""),
    }


def _claim_tags(result: RunResult, matcher: str | None = None) -> dict[str, str]:
    """Return the verdict on each claim as a tag of its own."""
    return {
        f"evenmatch.claim.{row.claim}": row.verdict
        for row in result.claims
        if row.part == "whole" and matcher in (None, row.matcher)
    }


def _note(result: RunResult) -> str:
    """Return the verdict as the run's description, its labels unable to act as markup."""
    text = "\n\n".join([*result.notices, *paragraphs(result)])
    return escape(text, quote=False)[:_LONGEST_NOTE]


def _parameters(result: RunResult) -> dict[str, Any]:
    """Return the part of the config that determines the numbers."""
    return {key: value for key, value in result.config.items() if key not in _NOT_PARAMETERS}


def _flat(value: object, name: str = "") -> dict[str, str]:
    """Return nested settings as dotted names; a list of plain values stays one value."""
    nested: Mapping[Any, object] = {}
    if isinstance(value, dict):
        nested = value
    elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        nested = dict(enumerate(value))
    if not nested:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        return {_param_name(name): text[:_LONGEST_VALUE]} if name else {}
    flat: dict[str, str] = {}
    for key, item in nested.items():
        flat |= _flat(item, f"{name}.{key}" if name else str(key))
    return flat


def _param_name(name: str) -> str:
    """Return a dotted name in the characters MLflow allows."""
    return "".join(letter if letter.isalnum() or letter in "._- " else "_" for letter in name)[:250]


def _log_params(client: MlflowClient, run: Run, params: Mapping[str, str]) -> None:
    """Log the parameters a run does not have yet; MLflow refuses to change one."""
    from mlflow.entities import Param  # noqa: PLC0415 - slow, needed only here

    new = [Param(key, text) for key, text in params.items() if key not in run.data.params]
    for start in range(0, len(new), _PARAMS):
        client.log_batch(run.info.run_id, params=new[start : start + _PARAMS])


def _log_metrics(client: MlflowClient, run: Run, metrics: Mapping[str, float]) -> None:
    """Log the metrics a run does not have yet, in batches."""
    from mlflow.entities import Metric  # noqa: PLC0415 - slow, needed only here

    now = int(time() * 1000)
    new = [
        Metric(key, value, now, 0)
        for key, value in metrics.items()
        if run.data.metrics.get(key) != value
    ]
    for start in range(0, len(new), _METRICS):
        client.log_batch(run.info.run_id, metrics=new[start : start + _METRICS])


def _log_dataset(client: MlflowClient, run: Run, result: RunResult) -> None:
    """Name the benchmark as the run's dataset: its card's digest and home, no sample."""
    from mlflow.entities import Dataset, DatasetInput, InputTag  # noqa: PLC0415 - as above

    if run.inputs and run.inputs.dataset_inputs:
        return
    source = result.card.get("source") or {}
    home = source.get("homepage") or ""
    dataset = Dataset(
        name=str(result.card.get("name") or "benchmark")[:500],
        digest=result.provenance.card_digest[:_DIGEST],
        source_type="http" if home else "local",
        source=json.dumps({"url": home} if home else {"uri": str(result.card.get("name", ""))}),
    )
    tags = [InputTag("mlflow.data.context", "evaluation")]
    client.log_inputs(run.info.run_id, datasets=[DatasetInput(dataset, tags)])


def _log_files(client: MlflowClient, run_id: str, folder: Path) -> None:
    """Send the result, tables, page and figures; scores and searches stay where they are."""
    for name in (RESULTS, REPORT, *(f"{table}.csv" for table in TABLES)):
        if (folder / name).is_file():
            client.log_artifact(run_id, str(folder / name))
    if (folder / PLOTS).is_dir():
        client.log_artifacts(run_id, str(folder / PLOTS), PLOTS)


def _without_password(uri: str) -> str:
    """Return a tracking URI fit to be printed: nothing before an @ of its host."""
    scheme, mark, rest = uri.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{mark}{host.rpartition('@')[2]}{slash}{path}"


def _first_line(error: Exception) -> str:
    """Return what an error says, its first line, as a sentence."""
    if "Max retries exceeded" in str(error):
        return "the server does not answer."
    lines = str(error).strip().splitlines()
    text = lines[0][:300].rstrip(".") if lines else type(error).__name__
    return f"{text}."
