"""Bearer tokens as JSON Web Tokens: made from a service's session, read back into its claims. HS256, a key ring."""

import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import jwt as jwt_codec
from flask_jwt_extended import create_access_token, create_refresh_token
from jwt.exceptions import ExpiredSignatureError, PyJWTError

from app.domain.errors import TokenExpired, TokenInvalid
from app.domain.text import is_storable
from app.domain.tokens import ACCESS_LIFETIME
from app.extensions import jwt
from app.services.accounts.sessions import IssuedSession, TokenClaims
from app.web.signing_keys import ring

TokenKind = Literal["access", "refresh"]
_HEADER_TYPE = {"access": "at+jwt", "refresh": "rt+jwt"}
_MAX_LENGTH = 4096
_MAX_PROVEN = 10_000
_MAX_NUMBER = 2**31 - 1
ISSUER, AUDIENCE = "vantrexia", "vantrexia-api"
JWT_CONFIG = {
    "JWT_ALGORITHM": "HS256",
    "JWT_ENCODE_ISSUER": ISSUER,
    "JWT_DECODE_ISSUER": ISSUER,
    "JWT_ENCODE_AUDIENCE": AUDIENCE,
    "JWT_DECODE_AUDIENCE": AUDIENCE,
}


@dataclass(frozen=True, slots=True)
class _Proven:
    """What a token said whose signature has been checked, under which key, and until when it holds."""

    claims: TokenClaims
    key_id: str
    expires_at: int


# A client sends the same access token for a quarter of an hour, and checking its signature costs more than the rest of
# finding out who asks. A token that was genuine once is genuine while its key is in the ring; its time and, in the
# database, its session are looked at every time.
_proven: OrderedDict[str, _Proven] = OrderedDict()


@jwt.encode_key_loader
def _signing_key(_identity: str) -> bytes:
    return ring.newest()[1]


def issue_pair(session: IssuedSession) -> dict[str, str]:
    """Return a signed access and refresh token for a session."""
    claims = {"pid": str(session.practice_id), "sid": str(session.session_id), "sv": session.security_version}
    key_id = ring.newest()[0]
    until = session.refresh_expires_at - datetime.now(UTC)
    return {
        "access": create_access_token(
            str(session.user_id),
            expires_delta=min(ACCESS_LIFETIME, max(until, timedelta(seconds=1))),
            additional_claims=claims,
            additional_headers={"kid": key_id, "typ": _HEADER_TYPE["access"]},
        ),
        "refresh": create_refresh_token(
            str(session.user_id),
            expires_delta=until,
            additional_claims=claims | {"jti": session.refresh_id},
            additional_headers={"kid": key_id, "typ": _HEADER_TYPE["refresh"]},
        ),
    }


def read_token(token: str, kind: TokenKind) -> TokenClaims:
    """Return what a genuine token of that kind says; raises TokenExpired or TokenInvalid."""
    if len(token) > _MAX_LENGTH:
        raise TokenInvalid
    if kind == "refresh":
        return _prove(token, kind).claims
    known = _proven.get(token)
    if known is None or ring.find(known.key_id) is None:
        known = _proven[token] = _prove(token, kind)
        while len(_proven) > _MAX_PROVEN:
            _proven.popitem(last=False)
    if known.expires_at <= time.time():
        _proven.pop(token, None)
        raise TokenExpired
    return known.claims


def _prove(token: str, kind: TokenKind) -> _Proven:
    try:
        key_id, key = _verifying_key(token, kind)
        claims = jwt_codec.decode(
            token,
            key,
            algorithms=["HS256"],
            issuer=ISSUER,
            audience=AUDIENCE,
            options={"require": ["exp", "iat", "nbf", "sub", "jti"]},
        )
        if claims["type"] != kind:
            raise TokenInvalid
        return _Proven(_claims(claims), key_id, int(claims["exp"]))
    except ExpiredSignatureError as error:
        raise TokenExpired from error
    except (PyJWTError, KeyError, ValueError, TypeError, AttributeError, OverflowError) as error:
        raise TokenInvalid from error


def _claims(claims: dict[str, Any]) -> TokenClaims:
    """Return the claims as what they stand for; raises ValueError for what the database could not even look up."""
    user_id, version, token_id = int(claims["sub"]), int(claims["sv"]), str(claims["jti"])
    if not (0 < user_id <= _MAX_NUMBER and 0 < version <= _MAX_NUMBER and is_storable(token_id)):
        raise ValueError("no number or id of ours")
    return TokenClaims(user_id, UUID(claims["pid"]), UUID(claims["sid"]), version, token_id)


def _verifying_key(token: str, kind: TokenKind) -> tuple[str, bytes]:
    header = jwt_codec.get_unverified_header(token)
    key = ring.find(header.get("kid"))
    if key is None or header.get("typ") != _HEADER_TYPE[kind]:
        raise TokenInvalid
    return header["kid"], key
