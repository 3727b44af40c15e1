"""Behind `make reset`: delete the var directory with its database and keys, unless something runs on it."""

import shutil
import sys
from pathlib import Path

from deploy.local_postgres import LocalPostgres
from deploy.local_record import AlreadyRunningError, sole_run
from deploy.local_settings import CHECKOUT, SettingsError, read_settings


def delete(var_dir: Path) -> None:
    """Delete a var directory of this checkout that nothing runs on."""
    if CHECKOUT not in var_dir.parents:
        raise SettingsError(f"{var_dir} lies outside this checkout: delete it yourself.")
    with sole_run(var_dir):
        if LocalPostgres(var_dir).process_id() is not None:
            raise AlreadyRunningError(f"A database still runs in {var_dir}: stop it first.")
        shutil.rmtree(var_dir)
    print(f"Deleted {var_dir}")


def main() -> int:
    """Delete the local data, if there is any, and return the exit code."""
    try:
        var_dir = read_settings().var_dir
        if var_dir.exists():
            delete(var_dir)
    except (SettingsError, AlreadyRunningError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
