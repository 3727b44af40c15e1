"""Thresholds: a practice's (`/api/v1/triage/thresholds/`) and a patient's (`/api/v1/patients/{id}/thresholds/`)."""

from typing import Any
from uuid import UUID

from flask.views import MethodView

from app.api.base import EndpointGroup
from app.domain.paging import PageRequest
from app.domain.roles import Permission
from app.domain.triage.profiles import PROFILES
from app.domain.triage.proposals import NewThresholds, PreviewRequest
from app.schemas.base import PageOnlySchema, page_of
from app.schemas.threshold_previews import PreviewRequestSchema, PreviewSchema
from app.schemas.thresholds import (
    ConfirmationSchema,
    NewPatientThresholdsSchema,
    NewPracticeThresholdsSchema,
    ProfilesSchema,
    ThresholdsSchema,
    ThresholdVersionSchema,
    profiles_body,
)
from app.services.triage.preview import preview_thresholds
from app.services.triage.thresholds import (
    change_patient_thresholds,
    change_practice_thresholds,
    confirm_patient_thresholds,
    get_patient_thresholds,
    get_practice_thresholds,
)
from app.services.triage.versions import list_versions
from app.web.responses import etag, expected_version, page_body
from app.web.security import actor, requires

practice_thresholds = EndpointGroup(
    "practice_thresholds", __name__, path="triage", description="When readings alert, by default"
)
thresholds = EndpointGroup("thresholds", __name__, path="patients", description="When a patient's readings alert")

_VERSIONS = page_of(ThresholdVersionSchema)


@practice_thresholds.route("/thresholds/")
class PracticeThresholds(MethodView):
    """The practice's defaults."""

    @requires(Permission.READ_PRACTICE_THRESHOLDS)
    @practice_thresholds.response(200, ThresholdsSchema)
    def get(self) -> Any:
        """Return the practice's thresholds with their sources."""
        shown = get_practice_thresholds(actor())
        return shown, etag(shown.version)

    @requires(Permission.WRITE_THRESHOLDS)
    @practice_thresholds.arguments(NewPracticeThresholdsSchema)
    @practice_thresholds.response(200, ThresholdsSchema)
    def put(self, new: NewThresholds) -> Any:
        """Set the practice's thresholds as a whole; names left out go back to the built-in defaults."""
        shown = change_practice_thresholds(actor(), new, expected_version())
        return shown, etag(shown.version)


@practice_thresholds.route("/thresholds/history/")
class PracticeThresholdVersions(MethodView):
    """All versions of the practice's thresholds."""

    @requires(Permission.READ_PRACTICE_THRESHOLDS)
    @practice_thresholds.arguments(PageOnlySchema, location="query")
    @practice_thresholds.response(200, _VERSIONS)
    def get(self, paging: PageRequest) -> Any:
        """List the versions, newest first."""
        return page_body(list_versions(actor(), None, paging))


@practice_thresholds.route("/thresholds/preview/")
class ThresholdPreviews(MethodView):
    """A dry run."""

    @requires(Permission.WRITE_THRESHOLDS)
    @practice_thresholds.arguments(PreviewRequestSchema)
    @practice_thresholds.response(200, PreviewSchema)
    def post(self, request: PreviewRequest) -> Any:
        """Replay the last days under other thresholds: how many alerts, which vanish, which appear. Saves nothing."""
        return preview_thresholds(actor(), request)


@practice_thresholds.route("/profiles/")
class ConditionProfiles(MethodView):
    """What fits a condition better than the general defaults."""

    @requires(Permission.READ_PRACTICE_THRESHOLDS)
    @practice_thresholds.response(200, ProfilesSchema)
    def get(self) -> Any:
        """List the condition profiles with their values and sources."""
        return profiles_body(tuple(PROFILES.values()))


@thresholds.route("/<uuid:patient_id>/thresholds/")
class PatientThresholds(MethodView):
    """The values in force for a patient."""

    @requires(Permission.READ_THRESHOLDS)
    @thresholds.response(200, ThresholdsSchema)
    def get(self, patient_id: UUID) -> Any:
        """Return the values in force, each with who set it and its source."""
        shown = get_patient_thresholds(actor(), patient_id)
        return shown, etag(shown.version)

    @requires(Permission.WRITE_THRESHOLDS)
    @thresholds.arguments(NewPatientThresholdsSchema)
    @thresholds.response(200, ThresholdsSchema)
    def put(self, new: NewThresholds, patient_id: UUID) -> Any:
        """Set the patient's overrides and profiles as a whole, and confirm them."""
        shown = change_patient_thresholds(actor(), patient_id, new, expected_version())
        return shown, etag(shown.version)


@thresholds.route("/<uuid:patient_id>/thresholds/confirm/")
class ThresholdConfirmation(MethodView):
    """A clinician's word that the values are right."""

    @requires(Permission.WRITE_THRESHOLDS)
    @thresholds.arguments(ConfirmationSchema, required=False)
    @thresholds.response(200, ThresholdsSchema)
    def post(self, given: dict[str, Any], patient_id: UUID) -> Any:
        """Confirm the values in force for a patient."""
        shown = confirm_patient_thresholds(actor(), patient_id, given["reason"], expected_version())
        return shown, etag(shown.version)


@thresholds.route("/<uuid:patient_id>/thresholds/history/")
class PatientThresholdVersions(MethodView):
    """All versions of a patient's thresholds."""

    @requires(Permission.READ_THRESHOLDS)
    @thresholds.arguments(PageOnlySchema, location="query")
    @thresholds.response(200, _VERSIONS)
    def get(self, paging: PageRequest, patient_id: UUID) -> Any:
        """List the versions, newest first."""
        return page_body(list_versions(actor(), patient_id, paging))
