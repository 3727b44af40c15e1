"""What signing in and proving who one is may refuse."""

from datetime import datetime

from app.domain.errors.core import PermissionDenied, VantrexiaError


class AuthenticationFailed(VantrexiaError):
    """The credentials do not open this account, whatever the reason."""

    code = "authentication_failed"
    default_detail = "Unable to log in with provided credentials."


class TotpRequired(AuthenticationFailed):
    """The password is right; a code of the authenticator app, or a recovery code, is needed as well."""

    code = "totp_required"
    default_detail = "A two-factor code is required."


class TotpInvalid(AuthenticationFailed):
    """The password is right, the code is not, or it was used before."""

    code = "totp_invalid"
    default_detail = "The two-factor code is not valid."


class SignatureRefused(VantrexiaError):
    """A webhook's proof that it is the vendor's is missing, wrong, or too old."""

    code = "signature_invalid"
    default_detail = "The signature is missing or not valid."


class NotAuthenticated(VantrexiaError):
    """No credentials came with the request."""

    code = "not_authenticated"
    default_detail = "Authentication credentials were not provided."


class TokenInvalid(VantrexiaError):
    """The token is forged, malformed, revoked or of the wrong kind."""

    code = "token_invalid"
    default_detail = "Token is invalid."


class TokenExpired(VantrexiaError):
    """The token was good once."""

    code = "token_expired"
    default_detail = "Token has expired."


class TokenAlreadyRotated(VantrexiaError):
    """The refresh token was exchanged moments ago; the session lives on with its successor."""

    code = "token_already_rotated"
    default_detail = "This refresh token was just exchanged. Use the newest one."


class TokenReused(VantrexiaError):
    """A spent refresh token came back: the whole session is ended."""

    code = "token_reused"
    default_detail = "This refresh token was used before. The session has been ended."


class AccountLocked(VantrexiaError):
    """Too many failed logins; `locked_until` says when the account opens again."""

    code = "account_locked"

    def __init__(self, locked_until: datetime, failures: int, minutes: int) -> None:
        super().__init__(f"Account locked due to {failures} failed login attempts. Try again in {minutes} minutes.")
        self.locked_until = locked_until


class TotpSetupRequired(PermissionDenied):
    """The practice asks a second factor of this role, and the account has none yet."""

    code = "totp_setup_required"
    default_detail = "Set up two-factor sign-in first: your role must use it."
