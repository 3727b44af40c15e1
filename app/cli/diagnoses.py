"""`flask diagnoses add-year`: the next year of ICD-10-CM into the shipped code file; for maintainers, once a year."""

from pathlib import Path

import click

from app.domain.diagnoses import CODE_FILE, read_order_file, with_year


@click.group("diagnoses")
def diagnoses() -> None:
    """Diagnosis codes."""


@diagnoses.command("add-year")
@click.argument("year", type=int)
@click.argument("order_file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def add_year(year: int, order_file: Path) -> None:
    """Add fiscal year YEAR from CMS's file icd10cm-order-YEAR.txt."""
    codes = read_order_file(order_file.read_text(encoding="utf-8-sig").splitlines())
    try:
        CODE_FILE.write_bytes(with_year(year, codes))
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{len(codes)} codes of {year} added.")
