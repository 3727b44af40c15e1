"""Readings that are there (`/api/v1/observations/`), and what they say of a patient (`/api/v1/patients/{id}/…`)."""

from typing import Any
from uuid import UUID

from flask.views import MethodView

from app.api.base import EndpointGroup
from app.domain.roles import Permission
from app.domain.vitals.queries import DaysQuery, ReadingQuery, StatsQuery
from app.schemas.base import page_of
from app.schemas.observations import (
    DaysQuerySchema,
    LatestVitalsSchema,
    ObservationDetailSchema,
    ObservationQuerySchema,
    ObservationSchema,
    PatientDaysSchema,
    PatientStatsSchema,
    ReadingDecisionSchema,
    StatsQuerySchema,
    VoidReadingSchema,
)
from app.services.readings.days import get_days
from app.services.readings.decisions import accept_reading, reject_reading, void_reading
from app.services.readings.listing import get_reading, list_readings
from app.services.readings.statistics import get_latest, get_stats
from app.web.responses import etag, expected_version, page_body
from app.web.security import actor, requires

observations = EndpointGroup("observations", __name__, description="Readings that are there")
vitals = EndpointGroup("vitals", __name__, path="patients", description="What readings say of a patient")


@observations.route("/")
class Observations(MethodView):
    """All readings of the practice."""

    @requires(Permission.READ_OBSERVATIONS)
    @observations.arguments(ObservationQuerySchema, location="query")
    @observations.response(200, page_of(ObservationSchema))
    def get(self, query: ReadingQuery) -> Any:
        """List readings of every status, or of one."""
        return page_body(list_readings(actor(), query))


@observations.route("/<uuid:observation_id>/")
class OneObservation(MethodView):
    """One reading."""

    @requires(Permission.READ_OBSERVATIONS)
    @observations.response(200, ObservationDetailSchema)
    def get(self, observation_id: UUID) -> Any:
        """Return a reading with all that is kept of it."""
        reading = get_reading(actor(), observation_id)
        return reading, etag(reading.version)


@observations.route("/<uuid:observation_id>/void/")
class ObservationVoid(MethodView):
    """A reading that was a mistake."""

    @requires(Permission.VOID_READINGS)
    @observations.arguments(VoidReadingSchema)
    @observations.response(200, ObservationDetailSchema)
    def post(self, body: dict[str, str], observation_id: UUID) -> Any:
        """Let a reading count for nothing; it is never deleted. Twice changes nothing."""
        reading = void_reading(actor(), observation_id, body["reason"], expected_version())
        return reading, etag(reading.version)


@observations.route("/<uuid:observation_id>/accept/")
class ObservationAccept(MethodView):
    """A reading that waits in quarantine and is right."""

    @requires(Permission.DECIDE_READINGS)
    @observations.arguments(ReadingDecisionSchema, required=False)
    @observations.response(200, ObservationDetailSchema)
    def post(self, body: dict[str, str | None], observation_id: UUID) -> Any:
        """Let a reading count; it is judged and alarms as if it were new."""
        reading = accept_reading(actor(), observation_id, body["reason"], expected_version())
        return reading, etag(reading.version)


@observations.route("/<uuid:observation_id>/reject/")
class ObservationReject(MethodView):
    """A reading that waits in quarantine and is wrong."""

    @requires(Permission.DECIDE_READINGS)
    @observations.arguments(ReadingDecisionSchema, required=False)
    @observations.response(200, ObservationDetailSchema)
    def post(self, body: dict[str, str | None], observation_id: UUID) -> Any:
        """Keep a reading out for good."""
        reading = reject_reading(actor(), observation_id, body["reason"], expected_version())
        return reading, etag(reading.version)


@vitals.route("/<uuid:patient_id>/observations/stats/")
class PatientStatistics(MethodView):
    """A patient's readings in numbers."""

    @requires(Permission.READ_OBSERVATIONS)
    @vitals.arguments(StatsQuerySchema, location="query")
    @vitals.response(200, PatientStatsSchema)
    def get(self, query: StatsQuery, patient_id: UUID) -> Any:
        """Return count, spread, percentiles, share in range and trend of each measure."""
        return get_stats(actor(), patient_id, query)


@vitals.route("/<uuid:patient_id>/vitals/latest/")
class PatientLatestVitals(MethodView):
    """A patient's latest readings."""

    @requires(Permission.READ_OBSERVATIONS)
    @vitals.response(200, LatestVitalsSchema)
    def get(self, patient_id: UUID) -> Any:
        """Return the latest reading of each kind, and the body mass index."""
        return get_latest(actor(), patient_id)


@vitals.route("/<uuid:patient_id>/days/")
class PatientDays(MethodView):
    """A patient's days with data."""

    @requires(Permission.READ_DAYS)
    @vitals.arguments(DaysQuerySchema, location="query")
    @vitals.response(200, PatientDaysSchema)
    def get(self, query: DaysQuery, patient_id: UUID) -> Any:
        """Return each date of the patient's zone: counted or not, by which reading, which not and why."""
        return get_days(actor(), patient_id, query)
