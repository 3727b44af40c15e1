"""The gaps of coverage in sentences for people."""

from app.domain.enrolment.coverage import Cause, Gap, Reason

_SENTENCES: dict[tuple[Reason, Cause], str] = {
    (Reason.NOT_ENROLLED, Cause.NONE): "The patient was never enrolled.",
    (Reason.NOT_ENROLLED, Cause.NOT_YET): "The enrolment begins later.",
    (Reason.NOT_ENROLLED, Cause.ENDED): "The enrolment had ended.",
    (Reason.NO_CONSENT, Cause.NONE): "No consent is on record.",
    (Reason.NO_CONSENT, Cause.NOT_YET): "Consent was obtained only later.",
    (Reason.NO_CONSENT, Cause.ENDED): "Consent had been revoked.",
    (Reason.NO_CONSENT, Cause.NOTICES_MISSING): (
        "The consent lacks word of the cost share or of the one-practitioner rule."
    ),
    (Reason.NO_ORDER, Cause.NONE): "No order is on record.",
    (Reason.NO_ORDER, Cause.NOT_YET): "The order begins later.",
    (Reason.NO_ORDER, Cause.ENDED): "The order had expired or was stopped.",
    (Reason.NO_DX, Cause.NONE): "No diagnosis is on record.",
    (Reason.NO_DX, Cause.TOO_FEW): "Fewer diagnoses are on record than the program needs.",
    (Reason.NOT_ESTABLISHED, Cause.NONE): "No initiating visit is on record.",
    (Reason.NOT_ESTABLISHED, Cause.NOT_YET): "The initiating visit took place only later.",
    (Reason.RTM_CONFLICT, Cause.BOTH_PROGRAMS): "The patient was in both RPM and RTM, which exclude each other.",
}


def sentence(gap: Gap) -> str:
    """Return the gap as a sentence; the program it is about stands beside it."""
    return _SENTENCES[gap.reason, gap.cause]
