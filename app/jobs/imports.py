"""The job that imports a file of patients; its arguments are ids only."""

from functools import partial
from uuid import UUID

from procrastinate import JobContext, RetryStrategy

from app.jobs.queue import in_house, queue
from app.schemas.patient_rows import read_patient
from app.services.patient_files.import_runs import give_up, run_import
from app.services.patient_files.imports import IMPORT_PATIENTS

_MAX_TRIES = 5  # a database that restarts is waited for; the rows done stay done
_RETRY = RetryStrategy(max_attempts=_MAX_TRIES, exponential_wait=5)


@queue.task(name=IMPORT_PATIENTS, retry=_RETRY, pass_context=True)
async def import_patients(job: JobContext, practice_id: str, import_id: str) -> None:
    """Import one file, or go on with it."""
    which = UUID(practice_id), UUID(import_id)
    is_done = False
    try:
        if job.job.attempts <= _MAX_TRIES:  # more, when it killed its worker even the last time
            await in_house(partial(run_import, *which, read_patient))
            is_done = True
    finally:
        if not is_done and job.job.attempts >= _MAX_TRIES:
            await in_house(partial(give_up, *which))
