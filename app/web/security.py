"""The one door of every route: `requires(permission)`. It also makes a POST with an Idempotency-Key happen once."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from flask import Response, g, make_response, request

from app.domain.actor import Actor
from app.domain.errors import PermissionDenied, TotpSetupRequired, ValidationFailed
from app.domain.roles import Permission
from app.services.idempotency import Answer, KeyedRequest, do_once
from app.web.identity import current_actor

View = TypeVar("View", bound=Callable[..., Any])
_KEY = "Idempotency-Key"
_MAX_KEY = 255
_KEPT_HEADERS = ("ETag", "Location")


def requires(permission: Permission, *, is_replayable: bool = True) -> Callable[[View], View]:
    """Let only signed-in callers with the permission through; put it outermost on a view.

    What asks for a password or a code is not replayable: failed tries are counted, and that must not be rolled back.
    """

    def decorate(view: View) -> View:
        takes_query = reads_query(view)

        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            actor = current_actor()
            if not actor.may(permission):
                raise PermissionDenied
            g.actor = actor
            if actor.must_set_up_2fa and permission is not Permission.OWN_ACCOUNT:
                raise TotpSetupRequired
            refuse_odd_query(takes_query=takes_query)
            if request.method != "POST" or _KEY not in request.headers:
                return view(*args, **kwargs)
            _check_key(request.headers[_KEY])
            return (
                _once(actor, lambda: make_response(view(*args, **kwargs))) if is_replayable else view(*args, **kwargs)
            )

        guarded.required_permission = permission  # type: ignore[attr-defined]
        return cast(View, guarded)

    return decorate


def public(view: View) -> View:
    """Let anybody through; the guards know the short list of such views."""
    takes_query = reads_query(view)

    @wraps(view)
    def open_to_all(*args: Any, **kwargs: Any) -> Any:
        refuse_odd_query(takes_query=takes_query)
        return view(*args, **kwargs)

    open_to_all.required_permission = None  # type: ignore[attr-defined]
    return cast(View, open_to_all)


def reads_query(view: Callable[..., Any]) -> bool:
    """Say whether the view declares query parameters."""
    declared = getattr(view, "_apidoc", {}).get("arguments", {}).get("parameters", [])
    return any(parameter.get("in") == "query" for parameter in declared)


def refuse_odd_query(*, takes_query: bool) -> None:
    """Refuse query parameters where none is read, and any that is given twice."""
    odd = {
        name: ["Given more than once."] if takes_query else ["Unknown field."]
        for name, values in request.args.lists()
        if len(values) > 1 or not takes_query
    }
    if odd:
        raise ValidationFailed(odd)


def actor() -> Actor:
    """Return who is calling, once `requires` has let them through."""
    return cast(Actor, g.actor)


def _check_key(key: str) -> None:
    if not (0 < len(key) <= _MAX_KEY and key.isascii() and key.isprintable()):
        raise ValidationFailed({_KEY: [f"Must be 1 to {_MAX_KEY} printable ASCII characters."]})


def _once(caller: Actor, work: Callable[[], Response]) -> Response:
    keyed = KeyedRequest(f"{request.method} {request.path}", request.headers[_KEY], request.get_data(cache=True))
    answer, is_replay = do_once(caller, keyed, lambda: _answer(work()))
    response = Response(answer.body, answer.status, answer.headers, mimetype="application/json")
    if is_replay:
        response.headers["Idempotency-Replayed"] = "true"
    return response


def _answer(response: Response) -> Answer:
    headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    return Answer(response.status_code, headers, response.get_data())
