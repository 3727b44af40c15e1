"""An authenticator app, and people who use one."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pyotp
from flask.testing import FlaskClient
from sqlalchemy import update

from app.models import User
from app.services.transaction import transaction
from tests.builders import Person, in_house, signed_in

LOGIN, SETUP, VERIFY, DISABLE = (
    f"/api/v1/auth/{name}/" for name in ("login", "2fa/setup", "2fa/verify", "2fa/disable")
)


@dataclass(frozen=True)
class Authenticator:
    """The secret in somebody's phone, and the recovery codes in their drawer."""

    secret: str
    recovery_codes: list[str]

    def code(self) -> str:
        """Return the code shown now."""
        return pyotp.TOTP(self.secret).now()

    def wrong_code(self) -> str:
        """Return six digits that are not the code of now, before or after."""
        app = pyotp.TOTP(self.secret)
        near = {app.generate_otp(app.timecode(datetime.now(UTC)) + by) for by in (-1, 0, 1, 2)}
        return next(f"{guess:06d}" for guess in range(10) if f"{guess:06d}" not in near)


def enrol(client: FlaskClient, person: Person, headers: dict[str, str] | None = None) -> Authenticator:
    """Turn two-factor sign-in on, and let the code that did it be forgotten: tests do not wait half a minute."""
    headers = headers or signed_in(client, person)
    secret = client.post(SETUP, json={"password": person.password}, headers=headers).json["secret"]
    done = client.post(VERIFY, json={"code": pyotp.TOTP(secret).now()}, headers=headers)
    assert done.status_code == 200, done.text
    rewind(person)
    return Authenticator(secret, done.json["recovery_codes"])


def rewind(person: Person) -> None:
    """Make the codes used so far usable again."""
    with in_house(person.actor), transaction() as session:
        session.execute(
            update(User).where(User.id == person.actor.user_id).values(totp_last_step=0),
            execution_options={"recorded": True},
        )


def log_in(client: FlaskClient, person: Person, **fields: str):
    """Send a login."""
    return client.post(LOGIN, json={"email": person.email, "password": person.password, **fields})
