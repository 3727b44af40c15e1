"""Where the clinical numbers come from; facts only, each with the place where it can be read up."""

from enum import StrEnum


class Source(StrEnum):
    """A publication, as it is shown beside the value taken from it."""

    CONTRACT = "Documented default of this product; 140/90 and 180/120 are also lines of the 2017 ACC/AHA guideline"
    ACC_AHA = "2017 ACC/AHA High Blood Pressure Guideline (Hypertension 2018;71:e13): stage 2 140/90, crisis 180/120"
    ACC_AHA_HOME = "2017 ACC/AHA guideline, table 11: 135/85 measured at home corresponds to 140/90 in the office"
    NEWS2 = "Royal College of Physicians, National Early Warning Score (NEWS) 2, 2017: edges of the scored bands"
    NEWS2_SCALE_2 = "NEWS2, 2017, SpO2 scale 2 (hypercapnic failure): 84-85 % scores two points"
    BTS_OXYGEN = "BTS guideline for oxygen use, 2017 (Thorax 72:ii1): target 88-92 % at risk of hypercapnic failure"
    ADA = "American Diabetes Association, Standards of Care, section 6: hypoglycemia level 1 below 70, level 2 below 54"
    TIME_IN_RANGE = "Consensus on time in range (Diabetes Care 2019;42:1593): level 1 above 180, level 2 above 250"
    CDC_DKA = "CDC, Diabetic Ketoacidosis: emergency care when glucose stays at 300 mg/dL or above"
    WHO_OXIMETRY = "WHO, Pulse Oximetry Training Manual, 2011: below 90 % is a clinical emergency"
    CDC_FEVER = "CDC, definitions of symptoms for reportable illness: fever is 38.0 °C (100.4 °F) or more"
    AHA_WEIGHT = "American Heart Association, heart failure self-check plan: call on 3 lb in a day or 5 lb in a week"
    PEAK_FLOW_ZONES = "NHLBI EPR-3, 2007: yellow below 80 % of the personal best, red below 50 %; set per patient"
    PERSONAL = "Depends on the person: no default"
    OURS = "Our own judgement, no published line: set with room against nuisance alerts; a clinician confirms it"
