"""The code systems, codes and units that our FHIR resources carry, as data; no functions.

Sources: LOINC codes and displays as printed in HL7's own US Core 6.1.0 examples; UCUM units as fixed
in StructureDefinition us-core-blood-pressure 6.1.0 (mm[Hg]) and us-core-heart-rate 6.1.0 (/min). Neither glucose
by meter nor peak flow is in US Core: their codes and displays are LOINC's.
LOINC (http://loinc.org) is copyright Regenstrief Institute, Inc. and the LOINC Committee, and is
available at no cost under the licence at http://loinc.org/license.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Code:
    """One code of a code system with the display that its publisher gives it."""

    system: str
    code: str
    display: str


@dataclass(frozen=True, slots=True)
class Unit:
    """One UCUM unit: the text that people read and the code that machines compare."""

    text: str
    code: str


LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
OBSERVATION_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
DATA_ABSENT_REASON = "http://terminology.hl7.org/CodeSystem/data-absent-reason"

US_CORE_BLOOD_PRESSURE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-blood-pressure"

US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"

VITAL_SIGNS = Code(OBSERVATION_CATEGORY, "vital-signs", "Vital Signs")

BLOOD_PRESSURE_PANEL = Code(LOINC, "85354-9", "Blood pressure panel with all children optional")
SYSTOLIC = Code(LOINC, "8480-6", "Systolic blood pressure")
DIASTOLIC = Code(LOINC, "8462-4", "Diastolic blood pressure")
HEART_RATE = Code(LOINC, "8867-4", "Heart rate")

BODY_WEIGHT = Code(LOINC, "29463-7", "Body Weight")
BODY_HEIGHT = Code(LOINC, "8302-2", "Body height")
BODY_TEMPERATURE = Code(LOINC, "8310-5", "Body temperature")
RESPIRATORY_RATE = Code(LOINC, "9279-1", "Respiratory rate")
OXYGEN_BY_OXIMETRY = Code(LOINC, "59408-5", "Oxygen saturation in Arterial blood by Pulse oximetry")
OXYGEN = Code(LOINC, "2708-6", "Oxygen saturation in Arterial blood")
GLUCOSE_BY_GLUCOMETER = Code(LOINC, "41653-7", "Glucose [Mass/volume] in Capillary blood by Glucometer")
PEAK_FLOW = Code(LOINC, "19935-6", "Maximum expiratory gas flow Respiratory system airway by Peak flow meter")

MM_HG = Unit("mmHg", "mm[Hg]")
BEATS_PER_MINUTE = Unit("beats/min", "/min")
BREATHS_PER_MINUTE = Unit("breaths/min", "/min")
KILOGRAM, CENTIMETRE = Unit("kg", "kg"), Unit("cm", "cm")
CELSIUS, PERCENT = Unit("°C", "Cel"), Unit("%", "%")
MG_PER_DL, LITRE_PER_MINUTE = Unit("mg/dL", "mg/dL"), Unit("L/min", "L/min")

# FHIR R4 4.0.1, https://hl7.org/fhir/R4/codesystem-data-absent-reason.html: all 15 codes.
DATA_ABSENT_REASON_DISPLAYS: Mapping[str, str] = MappingProxyType(
    {
        "unknown": "Unknown",
        "asked-unknown": "Asked But Unknown",
        "temp-unknown": "Temporarily Unknown",
        "not-asked": "Not Asked",
        "asked-declined": "Asked But Declined",
        "masked": "Masked",
        "not-applicable": "Not Applicable",
        "unsupported": "Unsupported",
        "as-text": "As Text",
        "error": "Error",
        "not-a-number": "Not a Number (NaN)",
        "negative-infinity": "Negative Infinity (NINF)",
        "positive-infinity": "Positive Infinity (PINF)",
        "not-performed": "Not Performed",
        "not-permitted": "Not Permitted",
    }
)
DATA_ABSENT_REASONS: frozenset[str] = frozenset(DATA_ABSENT_REASON_DISPLAYS)
