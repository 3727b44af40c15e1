"""The practice's connection to its medical record system: settings, and whether it works."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.actor import Actor
from app.domain.egress import AddressRefused
from app.domain.emr import EmrSettings
from app.domain.errors import EmrNotConfigured, NotFound, ValidationFailed
from app.domain.fhir.capability import can_search_patients
from app.integrations.egress import gate
from app.integrations.fhir_client import Access, FhirClient
from app.models import EmrConnection
from app.services.transaction import transaction

_FHIR_R4 = "4."


@dataclass(frozen=True, slots=True)
class ConnectionTest:
    """What the other system says of itself."""

    fhir_version: str
    software: str | None
    can_search: bool


def get_connection(actor: Actor) -> EmrConnection:
    """Return the settings; raises NotFound when there are none."""
    with transaction() as session:
        connection = _find(session, actor)
        if connection is None:
            raise NotFound
        return connection


def save_connection(actor: Actor, settings: EmrSettings) -> EmrConnection:
    """Replace the settings; raises ValidationFailed for addresses that we do not call, and for a lacking secret."""
    try:
        target = gate.check(settings.base_url)
    except AddressRefused as refusal:
        raise ValidationFailed({"base_url": [str(refusal)]}) from refusal
    with transaction() as session:
        connection = _find(session, actor) or EmrConnection(practice_id=actor.practice_id, base_url="")
        is_elsewhere = not connection.base_url.startswith(f"{target.scheme}://{target.host}")
        connection.base_url, connection.is_active = settings.base_url.rstrip("/"), settings.is_active
        connection.auth, connection.username = settings.auth, settings.username
        _keep_secret(connection, settings, is_elsewhere=is_elsewhere)
        session.add(connection)
        session.flush()
        return connection


def check_connection(actor: Actor) -> ConnectionTest:
    """Ask the other system what it is; raises EmrNotConfigured, EmrUnavailable."""
    said = FhirClient(access_of(actor)).capability()
    version = str(said.get("fhirVersion") or "")
    if not version.startswith(_FHIR_R4):
        raise ValidationFailed({"base_url": [f"The server speaks FHIR {version[:10] or 'of no version'}, not R4."]})
    software = said.get("software")
    name = str(software.get("name"))[:200] if isinstance(software, dict) and software.get("name") else None
    return ConnectionTest(version[:10], name, can_search=can_search_patients(said))


def access_of(actor: Actor) -> Access:
    """Return where the other system is and how to sign in; raises EmrNotConfigured."""
    with transaction() as session:
        connection = _find(session, actor)
        if connection is None or not connection.is_active:
            raise EmrNotConfigured
        return Access(connection.base_url, connection.auth, connection.username, connection.secret)


def _keep_secret(connection: EmrConnection, settings: EmrSettings, *, is_elsewhere: bool) -> None:
    """Never send a stored secret to a host that it was not given for."""
    if settings.auth == "none":
        connection.secret = None
    elif settings.secret is not None:
        connection.secret = settings.secret
    elif connection.secret_enc is None or is_elsewhere:
        raise ValidationFailed({"secret": ["Give the secret for this address."]})


def _find(session: Session, actor: Actor) -> EmrConnection | None:
    return session.scalar(select(EmrConnection).where(EmrConnection.practice_id == actor.practice_id))
