"""What tests of triage start from: samples, rule books and score inputs."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from app.domain.triage.effective import ThresholdSet, effective_rules
from app.domain.triage.evaluation import Evaluation, evaluate
from app.domain.triage.rules import Modifiers, RuleBook
from app.domain.triage.score import LatestValue, RiskScore, ScoreInputs, risk_score
from app.domain.triage.state import UNSEEN
from app.domain.triage.windows import Sample

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DEFAULTS = effective_rules(ThresholdSet())
A_DAY = timedelta(days=1)


def a_book(modifiers: dict[str, Modifiers] | None = None, **values: str | None) -> RuleBook:
    """Return the default rules with some values changed."""
    numbers = {name: None if value is None else Decimal(value) for name, value in values.items()}
    return effective_rules(ThresholdSet(numbers, modifiers or {}))


def sample(at: datetime = NOW, **values: Any) -> Sample:
    """Return a reading with these values."""
    numbers = {name: None if value is None else Decimal(str(value)) for name, value in values.items()}
    return Sample(at, numbers, f"reading at {at.isoformat()}")


def run(book: RuleBook, *samples: Sample) -> list[Evaluation]:
    """Evaluate readings one after the other, each with those before it."""
    state, answers = UNSEEN, []
    for number, one in enumerate(samples):
        answers.append(evaluate(one, samples[:number], book, state, UTC))
        state = answers[-1].state
    return answers


def rules_raised(answers: list[Evaluation]) -> list[list[str]]:
    """Return the names of the rules that each raised."""
    return [[breach.rule for breach in answer.raised] for answer in answers]


def score_of(values: dict[str, Any], book: RuleBook = DEFAULTS, **facts: Any) -> RiskScore:
    """Return the score of somebody with these latest values, reviewed just now."""
    return risk_score(inputs_of(values, **facts), book)


def inputs_of(values: dict[str, Any], measured_at: datetime = NOW, **facts: Any) -> ScoreInputs:
    """Return score inputs with these latest values."""
    latest = {
        name: LatestValue(Decimal(str(value)), measured_at, f"{name}-1")
        for name, value in values.items()
        if value is not None
    }
    return ScoreInputs(**{"as_of": NOW, "latest": latest, "last_reviewed_at": NOW, "first_reading_at": NOW, **facts})
