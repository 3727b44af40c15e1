"""The kinds of readings: which measures each consists of. A new kind is a new line."""

from dataclasses import dataclass
from typing import Literal, get_args

ObservationType = Literal[
    "blood_pressure", "weight", "glucose", "pulse_oximetry", "heart_rate", "temperature", "respiratory_rate",
    "peak_flow", "height",
]  # fmt: skip
Meal = Literal["pre", "post", "fasting", "random"]
MEALS: tuple[Meal, ...] = get_args(Meal)


@dataclass(frozen=True, slots=True)
class VitalKind:
    """One kind: the measures it must have and may have; `fields` names a measure on the wire where it differs."""

    type: ObservationType
    label: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()

    @property
    def measures(self) -> tuple[str, ...]:
        """All measures, the required ones first: their order is part of a reading's identity."""
        return self.required + self.optional

    @property
    def path(self) -> str:
        """The kind as it stands in paths."""
        return self.type.replace("_", "-")

    def field(self, measure: str) -> str:
        """Return a measure's name on the wire."""
        return dict(self.fields).get(measure, measure)


KINDS: dict[ObservationType, VitalKind] = {
    kind.type: kind
    for kind in (
        VitalKind("blood_pressure", "Blood pressure", ("systolic", "diastolic"), ("pulse",)),
        VitalKind("weight", "Weight", ("weight_kg",)),
        VitalKind("glucose", "Glucose", ("glucose_mg_dl",)),
        VitalKind("pulse_oximetry", "Pulse oximetry", ("spo2",), ("pulse",)),
        VitalKind("heart_rate", "Heart rate", ("pulse",), fields=(("pulse", "heart_rate"),)),
        VitalKind("temperature", "Temperature", ("temperature_c",)),
        VitalKind("respiratory_rate", "Respiratory rate", ("respiratory_rate",)),
        VitalKind("peak_flow", "Peak flow", ("peak_flow",)),
        VitalKind("height", "Height", ("height_cm",)),
    )
}
