"""The audit as MLflow users expect it: a run an audit, inside it a run a matcher.

This module alone imports MLflow, and only when something is sent. MLflow's usage reporting is
switched off. An audit is sent once: what MLflow has already is not sent again, whatever broke the
sending off, and what it lacks waits in the audit's folder.
"""

from __future__ import annotations

import json
import logging
import os
import re
import warnings
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from time import time
from typing import TYPE_CHECKING, Any

from evenmatch.errors import EvenmatchError, OutsideError
from evenmatch.files import make_folder, settle
from evenmatch.holding import held
from evenmatch.matching.weights import file_sha256
from evenmatch.reporting import tracked
from evenmatch.reporting.embedded_store import check_opens, database_of
from evenmatch.reporting.metric_keys import metrics_of
from evenmatch.reporting.waiting import Waiting, sending, settle_copy
from evenmatch.results.reading import read_results

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mlflow.entities import Run
    from mlflow.tracking import MlflowClient

    from evenmatch.results.model import RunResult

DEFAULT_URI = "sqlite:///mlflow.db"
DEFAULT_EXPERIMENT = "evenmatch"

_ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_ENABLE_ASYNC_LOGGING": "false",  # a batch that failed later would be lost
    # A server under repair may ask for an hour's patience; the audit waits on disk instead.
    "MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER": "false",
}
# A server that does not answer is given two minutes; a database, ten seconds an attempt.
_PATIENCE = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "PGCONNECT_TIMEOUT": "10",
}
LONGEST_SENDING = 900.0  # seconds; slower than this, a server holds up whoever waits for the run
_QUIET = ("mlflow", "alembic", "urllib3")
# MLflow takes a hundred parameters or tags and a thousand metrics a request, and documents 1 MB,
# which is also what web servers before it take unless told otherwise.
_PARAMS, _METRICS, _BYTES = 100, 1000, 500_000
_SENT = "evenmatch.sent"


def track_audit(folder: Path) -> str:
    """Send an audit folder to the MLflow its config names, and return the MLflow run's id.

    Raises:
        RequestError: the folder holds no audit.
        OutsideError: MLflow cannot take it now; the audit itself is untouched.
    """
    return track_result(read_results(folder), folder)


def address_of(result: RunResult) -> str:
    """Return where an audit's record is kept."""
    return str((result.config.get("tracking") or {}).get("uri") or DEFAULT_URI)


def track_result(
    result: RunResult, folder: Path, *, uri: str | None = None, experiment: str | None = None
) -> str:
    """Send a written audit to MLflow, once, and return the id of its MLflow run.

    An audit that was sent before, whole or in part, goes on in the run it has: found by its
    `evenmatch.run_id`, and nothing is logged twice. Until all of it has arrived, the file
    `tracking.json` in its folder says so.

    Raises:
        OutsideError: MLflow cannot take it now; the audit itself is untouched.
    """
    asked = result.config.get("tracking") or {}
    uri = uri or address_of(result)
    name = experiment or asked.get("experiment") or DEFAULT_EXPERIMENT

    def attempt() -> str:
        # Two runs of one audit: the second waits for the first, and then finds everything sent.
        with sending(folder, LONGEST_SENDING / 2), _quiet_mlflow():
            waiting = Waiting(folder)
            run_id = _send(_client(uri), result, folder, waiting, _experiment(uri, name))
            waiting.done()
            return run_id

    try:
        return _within(LONGEST_SENDING, attempt)
    except EvenmatchError:
        raise
    except Exception as error:
        said = _reason(error).replace(uri.rstrip("/"), _without_password(uri).rstrip("/"))
        raise OutsideError(
            f"MLflow at {_without_password(uri)} could not take the audit: {said} "
            f"The audit is complete in {folder}; run `evenmatch track {folder}` to send it."
        ) from error


def _within(seconds: float, work: Callable[[], str]) -> str:
    """Return what work returns, and stop waiting for it after so many seconds.

    A request has a time limit of its own, but a server that sends a byte now and then never meets
    it. Work that is given up goes on beside and ends with the program.
    """
    answers: SimpleQueue[str | BaseException] = SimpleQueue()

    def attempt() -> None:
        try:
            answers.put(work())
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            answers.put(error)

    Thread(target=attempt, name="mlflow", daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except Empty:
        raise TimeoutError(f"it took more than {seconds:g} seconds") from None
    if isinstance(answer, BaseException):
        raise answer
    return answer


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

    database = database_of(uri)
    if database is not None:
        make_folder(database.parent)
        with held(database.parent):
            if not database.exists():
                _make_database(database)
            check_opens(database)
            return MlflowClient(tracking_uri=uri)
    return MlflowClient(tracking_uri=uri)


def _make_database(database: Path) -> None:
    """Make an embedded store aside and move it in place: MLflow cannot go on with half of one."""
    from mlflow.tracking import MlflowClient  # noqa: PLC0415 - as above

    aside = database.with_name(f".{database.name}.new")
    aside.unlink(missing_ok=True)
    check_opens(aside)
    MlflowClient(tracking_uri=f"sqlite:///{aside}")
    aside.rename(database)
    settle(database.parent)


def _experiment(uri: str, name: str) -> dict[str, Any]:
    """Return what makes the experiment; an embedded store keeps its files beside its database."""
    database = database_of(uri)
    beside = {"artifact_location": (database.parent / "mlartifacts").as_uri()} if database else {}
    return {"name": name, **beside}


def _send(
    client: MlflowClient,
    result: RunResult,
    folder: Path,
    waiting: Waiting,
    experiment: dict[str, Any],
) -> str:
    """Send what MLflow lacks, parent run first, and mark the runs finished last."""
    place = _place(client, experiment)
    files = tracked.files_of(folder)
    digests = {name: file_sha256(path) for name, path in files.items()}
    content: dict[str, Any] = {
        "": (tracked.audit_params(result), tracked.audit_tags(result), {}),
        **{name: _of_matcher(result, name) for name in tracked.matchers(result)},
    }
    whole = tracked.digest_of([content, digests])
    runs = _runs(client, place, result, list(content))
    parent = runs[""]
    run_id = str(parent.info.run_id)
    if parent.data.tags.get(_SENT) == whole:
        return run_id
    waiting.begin(run_id)
    for name, (params, tags, metrics) in content.items():
        _log(client, runs[name], params, tags, metrics)
        _log_dataset(client, runs[name], result)
    for name, path in files.items():
        if not waiting.has(name, digests[name]):
            client.log_artifact(run_id, str(path), Path(name).parent.as_posix().strip("."))
            settle_copy(str(parent.info.artifact_uri), name)
            waiting.arrived(name, digests[name])
    for run in reversed(runs.values()):
        if run.info.status != "FINISHED":
            client.set_terminated(run.info.run_id, status="FINISHED")
    client.set_tag(run_id, _SENT, whole)
    return run_id


def _of_matcher(result: RunResult, name: str) -> tuple[dict[str, Any], ...]:
    """Return the parameters, tags and metrics of a matcher's run."""
    return (
        tracked.matcher_params(result, name),
        tracked.matcher_tags(result, name),
        metrics_of(result, name),
    )


def _place(client: MlflowClient, experiment: dict[str, Any]) -> str:
    """Return the experiment's id; one that is not there is made."""
    found = client.get_experiment_by_name(experiment["name"])
    if found is None:
        try:
            return str(client.create_experiment(**experiment))
        except Exception:
            # Somebody else made it meanwhile, or the answer to a first attempt was lost.
            found = client.get_experiment_by_name(experiment["name"])
            if found is None:
                raise
    if found.lifecycle_stage != "active":
        raise OutsideError(
            f"MLflow's experiment {experiment['name']} was deleted; restore it there, or name "
            "another in tracking.experiment."
        )
    return str(found.experiment_id)


def _runs(
    client: MlflowClient, place: str, result: RunResult, names: Sequence[str]
) -> dict[str, Run]:
    """Return the audit's own run under "" and each matcher's by name, made where missing.

    A run whose making was not confirmed may be there twice: the oldest counts, and the others,
    which this audit alone can have made, are deleted.
    """
    mine = result.provenance.run_id
    runs: dict[str, Run] = {}
    for name in names:
        found = _known(client, place, mine, name, runs.get(""))
        if not found:
            tags = {"evenmatch.run_id": mine}
            if name:
                above = runs[""].info.run_id
                tags |= {"evenmatch.matcher": name, "mlflow.parentRunId": above}
            client.create_run(place, run_name=name or result.name, tags=tags)
            found = _known(client, place, mine, name, runs.get(""))
        runs[name] = found[0]
        for again in found[1:]:
            client.delete_run(again.info.run_id)
    return runs


def _known(
    client: MlflowClient, place: str, run_id: str, name: str, parent: Run | None
) -> list[Run]:
    """Return the runs that an audit, or its matcher, has in MLflow, oldest first."""
    found = client.search_runs([place], f"tags.`evenmatch.run_id` = '{run_id}'", max_results=1000)
    above = parent.info.run_id if parent else None
    same = [
        run
        for run in found
        if run.data.tags.get("evenmatch.matcher", "") == name
        and run.data.tags.get("mlflow.parentRunId") == above
    ]
    return sorted(same, key=lambda run: (run.info.start_time, run.info.run_id))


def _log(
    client: MlflowClient,
    run: Run,
    params: Mapping[str, str],
    tags: Mapping[str, str],
    metrics: Mapping[str, float],
) -> None:
    """Log the parameters, tags and metrics that a run does not have yet, in batches.

    MLflow refuses to change a parameter. A metric is dated as its run is, so that a batch whose
    arrival was not confirmed is the same when it is sent again; one that changed is dated now.
    """
    from mlflow.entities import Metric, Param, RunTag  # noqa: PLC0415 - slow, needed only here

    had, now = run.data, int(time() * 1000)
    new_params = [Param(key, text) for key, text in params.items() if key not in had.params]
    edited = _edited_note(had.tags)
    new_tags = [
        RunTag(key, text)
        for key, text in tags.items()
        if had.tags.get(key) != text and not (edited and key == tracked.NOTE)
    ]
    new_metrics = [
        Metric(key, value, now if key in had.metrics else run.info.start_time, 0)
        for key, value in metrics.items()
        if had.metrics.get(key) != value
    ]
    for batch in _batches(new_params, _PARAMS):
        client.log_batch(run.info.run_id, params=batch)
    for batch in _batches(new_metrics, _METRICS):
        client.log_batch(run.info.run_id, metrics=batch)
    for batch in _batches(new_tags, _PARAMS):
        client.log_batch(run.info.run_id, tags=batch)


def _edited_note(tags: Mapping[str, str]) -> bool:
    """Whether a person has changed the description since it was sent; it is theirs then."""
    note, ours = tags.get(tracked.NOTE), tags.get(tracked.NOTE_DIGEST)
    return note is not None and ours is not None and tracked.digest_of(note) != ours


def _batches(items: Sequence[Any], most: int) -> Iterator[list[Any]]:
    """Yield items in requests that are neither too many nor too large."""
    batch: list[Any] = []
    size = 0
    for item in items:
        weight = len(json.dumps([item.key, item.value])) + 100
        if batch and (len(batch) == most or size + weight > _BYTES):
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += weight
    if batch:
        yield batch


def _log_dataset(client: MlflowClient, run: Run, result: RunResult) -> None:
    """Name the benchmark as the run's dataset."""
    from mlflow.entities import Dataset, DatasetInput, InputTag  # noqa: PLC0415 - as above

    if run.inputs and run.inputs.dataset_inputs:
        return
    tags = [InputTag("mlflow.data.context", "evaluation")]
    given = DatasetInput(Dataset(**tracked.dataset(result)), tags)
    client.log_inputs(run.info.run_id, datasets=[given])


def _without_password(uri: str) -> str:
    """Return a tracking URI fit to be printed: nothing before an @ of its host, no options."""
    scheme, mark, rest = uri.partition("?")[0].partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{mark}{host.rpartition('@')[2]}{slash}{path}"


def _reason(error: Exception) -> str:
    """Return why MLflow did not take something, as a sentence."""
    text = str(error).strip()
    if refused := re.search(r"\b(?:error code|status code|ErrorCode\w*:?) (40[13])\b", text):
        return (
            f"it refused the name or password ({refused[1]}); set MLFLOW_TRACKING_USERNAME and "
            "MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN."
        )
    if failing := re.search(r"too many (5\d\d) error responses", text):
        return f"the server answers with an error of its own ({failing[1]})."
    if "Max retries exceeded" in text:
        return "the server does not answer."
    first = text.splitlines()[0][:300].rstrip(".") if text else type(error).__name__
    return f"{first}."
