"""Where the clinical numbers come from; facts only, each with the place where it can be read up.

Read up at the end of 2026, and what was read: the NEWS2 chart (a reprint), ADA Standards of Care section 6 (the
journal's page), the 2017 glucose consensus (a summary of it), the ACC/AHA categories and the home values of their table
as the 2025 guideline's summary repeats it, the BTS target range, CDC's definition of fever, Allina Health's and Mayo
Clinic's pages for patients, MedStar Health's page for diabetics, and OpenOximetry's. What could not be read anywhere is
`OURS`, whoever may have said it too.

Our limits are inclusive. Where a source says "above" or "below", we alert on the edge itself, one step earlier; only of
SpO2 in COPD on the first whole number that is below. NEWS2 is a score for wards: where its lower steps would warn of
many who are well at home (systolic 100, temperature 36.0) we keep below them, and say that it is our judgement.
"""

from enum import StrEnum


class Source(StrEnum):
    """A publication, as it is shown beside the value taken from it."""

    CONTRACT = "Documented default of this product; the 2017 ACC/AHA guideline has stage 2 from 140, crisis above 180"
    ACC_AHA = "2017 ACC/AHA High Blood Pressure Guideline: stage 2 from 140/90, crisis above 180 or above 120"
    ACC_AHA_HOME = "ACC/AHA guideline, table of corresponding values: 135/85 measured at home is 140/90 in the office"
    NEWS2 = "Royal College of Physicians, National Early Warning Score (NEWS) 2, 2017: edges of the scored bands"
    NEWS2_SCALE_2 = "NEWS2, 2017, SpO2 scale 2 (hypercapnic failure): 84-85 % scores two points"
    BTS_OXYGEN = "BTS guideline for oxygen use, 2017 (Thorax 72:i1): target 88-92 % at risk of hypercapnia; 87 is below"
    ADA = "American Diabetes Association, Standards of Care, section 6: hypoglycemia level 1 below 70, level 2 below 54"
    GLUCOSE_LEVELS = "Consensus on outcomes (Diabetes Care 2017;40:1622): hyperglycemia level 1 above 180, 2 above 250"
    GLUCOSE_CALL = "MedStar Health, diabetes, when to call your doctor: blood sugar that stays over 300 mg/dL"
    HYPOXEMIA = "OpenOximetry, FAQ: many definitions of hypoxemia use 90 %; that this is critical is our judgement"
    CDC_FEVER = "CDC, definitions of symptoms for reportable illness: fever is 38.0 °C (100.4 °F) or more"
    WEIGHT_GAIN = "Allina Health, heart failure action plan: call on a gain of 3 lb in a day or 5 lb in a week"
    PEAK_FLOW_ZONES = "Mayo Clinic, peak flow: yellow 50-80 % of the personal best, red below 50 %; set per patient"
    PERSONAL = "Depends on the person: no default"
    OURS = "Our own judgement, no published line: set with room against nuisance alerts; a clinician confirms it"
