"""Each contract of the layers is shown an import that breaks it, in a copy of the code, and must say so."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from config import ROOT

pytestmark = pytest.mark.slow
_LINT = "from importlinter.cli import lint_imports_command as run; run()"


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code, where it may be spoiled."""
    there = tmp_path_factory.mktemp("copy")
    shutil.copytree(ROOT / "app", there / "app", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("config.py", "pyproject.toml"):
        shutil.copy(ROOT / name, there / name)
    return there


def _broken(copy: Path) -> set[str]:
    """Return the contracts that are broken."""
    ran = subprocess.run([sys.executable, "-c", _LINT], cwd=copy, capture_output=True, text=True, check=False)
    return {line.removesuffix(" BROKEN") for line in ran.stdout.splitlines() if line.endswith(" BROKEN")}


ROOMS = "Rooms: imports go down, never up, never sideways"
GATEWAYS = "Gateways read messages: pure, without network or tables"


@pytest.mark.parametrize(
    ("file", "fault", "contract"),
    [
        ("models/base.py", "import app.services.accounts.users", ROOMS),
        ("api/docs.py", "import app.admin.base", ROOMS),
        ("services/accounts/users.py", "import app.schemas.auth", ROOMS),
        ("domain/roles.py", "import sqlalchemy", "The domain is pure: the standard library and itself"),
        ("gateways/registry.py", "import app.integrations.egress", ROOMS),
        ("gateways/tenovi.py", "import httpx", GATEWAYS),
        ("gateways/tenovi.py", "import app.models", GATEWAYS),
        ("services/accounts/users.py", "import flask", "Services know no HTTP and no wire shapes"),
        ("api/auth.py", "import app.models", "The API and the console hold no session and no models"),
        ("admin/auth.py", "import sqlalchemy", "The API and the console hold no session and no models"),
        ("web/errors.py", "import config", "Only the factory reads the settings"),
    ],
)
def test_an_import_that_breaks_a_contract_is_named(copy: Path, file: str, fault: str, contract: str) -> None:
    """Taken back afterwards."""
    spoiled = copy / "app" / file
    clean = spoiled.read_text()
    spoiled.write_text(f"{clean}\n{fault}\n")
    broken = _broken(copy)
    spoiled.write_text(clean)
    assert contract in broken


def test_the_code_as_it_is_breaks_none(copy: Path) -> None:
    """So that the faults above are what is named."""
    assert _broken(copy) == set()
