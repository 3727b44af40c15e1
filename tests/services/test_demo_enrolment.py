"""The demo's enrolments are worth looking at: most are in order, and every kind of trouble is there once."""

from app.domain.enrolment.records import EnrollmentQuery
from app.domain.paging import PageRequest
from app.domain.roles import Role
from app.services.demo.enrolment import enrol_demo_patients
from app.services.enrolment.coverage import get_coverage
from app.services.enrolment.worklist import list_worklist
from tests.builders import a_patient, a_user, in_house


def test_most_demo_patients_are_covered_and_each_trouble_occurs() -> None:
    """Of the first sixteen: no consent, consent revoked, order expired, discharged."""
    doctor = a_user(role=Role.PROVIDER)
    patients = [a_patient(doctor.actor).id for _ in range(16)]
    with in_house(doctor.actor):
        enrol_demo_patients(doctor.actor, patients)
        answers = [get_coverage(doctor.actor, patient, None).programs[0] for patient in patients]
        missing = list_worklist(doctor.actor, EnrollmentQuery(PageRequest(), missing_consent=True))
    reasons = sorted({gap.reason.value for answer in answers for gap in answer.gaps})
    assert sum(answer.is_covered for answer in answers) == 12
    assert reasons == ["NOT_ENROLLED", "NO_CONSENT", "NO_ORDER"]
    assert missing.count == 2
