"""Planning of calls: which of the functions of a name is meant, and what it gets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from slotcast.rest.errors import ErrorBody, RestError
from slotcast.rest.plan.nodes import (
    BodyArgument,
    DirectArgument,
    DirectArguments,
    JsonArguments,
)
from slotcast.rest.plan.similarity import LIKELY, VERY_LIKELY, most_similar
from slotcast.rest.request.ast import FormPayload, JsonPayload, Method, RawPayload
from slotcast.rest.schema import QualifiedName

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slotcast.rest.plan.nodes import CallArguments
    from slotcast.rest.request.ast import Request
    from slotcast.rest.schema import Routine, SchemaCache

_NOT_FOUND = 404
_AMBIGUOUS = 300

_RAW_TYPES: Final = {
    "text/plain": "text",
    "text/xml": "xml",
    "application/octet-stream": "bytea",
}
"""What an unnamed parameter has to be for a body of a media type."""

_JSON_TYPES: Final = ("json", "jsonb")
_EMPTY: Final = JsonPayload(b"{}", (), is_object=True)


def find_routine(request: Request, name: str, cache: SchemaCache) -> Routine:
    """
    Find the function that a request calls.

    Raises:
        RestError: PGRST202: there is none; PGRST203: there are several.
    """
    qualified = QualifiedName(request.schema, name)
    overloads = cache.routines.get(qualified, ())
    given = _given_names(request)
    fitting = [routine for routine in overloads if _fits(routine, given, request)]
    if not fitting:
        fitting = [routine for routine in overloads if _takes_body(routine, request)]
    match fitting:
        case []:
            raise _not_found(qualified, given, request, cache)
        case [routine]:
            return routine
        case several:
            raise _ambiguous(several)


def plan_arguments(request: Request, routine: Routine) -> CallArguments:
    """Say what *routine*, which `find_routine` has found, is called with."""
    payload = request.payload
    if request.method is not Method.POST:
        return _direct(routine, request.query.arguments)
    match routine.parameters:
        case [parameter] if not parameter.name:
            return BodyArgument(parameter, _EMPTY if payload is None else payload)
        case parameters:
            if isinstance(payload, FormPayload):
                return _direct(routine, payload.arguments)
            given = _given_names(request)
            named = tuple(parameter for parameter in parameters if parameter.name in given)
            return JsonArguments(named, payload if isinstance(payload, JsonPayload) else _EMPTY)


def _direct(routine: Routine, arguments: Sequence[tuple[str, str]]) -> DirectArguments:
    values: dict[str, list[str]] = {}
    for name, value in arguments:
        values.setdefault(name, []).append(value)
    return DirectArguments(
        tuple(
            DirectArgument(
                parameter,
                tuple(values[parameter.name])
                if parameter.is_variadic
                else (values[parameter.name][-1],),
            )
            for parameter in routine.parameters
            if parameter.name in values
        )
    )


def _given_names(request: Request) -> frozenset[str]:
    """List the arguments that a request names."""
    if request.method is not Method.POST:
        return frozenset(name for name, _ in request.query.arguments)
    if request.query.columns is not None:
        return frozenset(request.query.columns)
    match request.payload:
        case FormPayload(arguments):
            return frozenset(name for name, _ in arguments)
        case JsonPayload(keys=keys) if keys is not None:
            return frozenset(keys)
        case _:
            return frozenset()


def _fits(routine: Routine, given: frozenset[str], request: Request) -> bool:
    """Tell whether *given* are all arguments that *routine* needs, and no others."""
    if not routine.parameters:
        return not given and not isinstance(request.payload, RawPayload)
    names = {parameter.name for parameter in routine.parameters}
    required = {parameter.name for parameter in routine.parameters if parameter.is_required}
    return required <= given <= names


def _takes_body(routine: Routine, request: Request) -> bool:
    """Tell whether the one parameter of *routine* can be the body as it is."""
    if request.method is not Method.POST or len(routine.parameters) != 1:
        return False
    if routine.parameters[0].name:
        return False
    type_ = routine.parameters[0].type
    match request.payload:
        case RawPayload(media_type=media_type):
            return type_ == _RAW_TYPES.get(media_type)
        case JsonPayload(is_converted=False):
            return type_ in _JSON_TYPES
        case _:
            return False


# Errors --------------------------------------------------------------------------------


def _not_found(
    name: QualifiedName, given: frozenset[str], request: Request, cache: SchemaCache
) -> RestError:
    function = f"{name.schema}.{name.name}"
    arguments = ", ".join(sorted(given))
    hint: str | None = None
    called, searched = f"({arguments})", f"parameter{'s' if len(given) > 1 else ''} {arguments}"
    if not given:
        called, searched = " without parameters", "parameters"
    prefix = "with" if given else "without"
    searched = f"{prefix} {searched}"
    if isinstance(request.payload, RawPayload):
        type_ = _RAW_TYPES[request.payload.media_type]
        called, searched = "", f"with a single unnamed {type_} parameter"
    else:
        hint = _suggestion(name, given, cache)
        if isinstance(request.payload, JsonPayload) and not request.payload.is_converted:
            searched += " or with a single unnamed json/jsonb parameter"
    return RestError(
        _NOT_FOUND,
        ErrorBody(
            "PGRST202",
            f"Could not find the function {function}{called} in the schema cache",
            f"Searched for the function {function} {searched}, but no matches were found in the"
            " schema cache.",
            hint,
        ),
    )


def _suggestion(name: QualifiedName, given: frozenset[str], cache: SchemaCache) -> str | None:
    overloads = cache.routines.get(name, ())
    if overloads:
        choices = [_signature([one.name for one in routine.parameters]) for routine in overloads]
        similar = most_similar(_signature(given), choices, LIKELY)
        found = None if similar is None else name.name + similar
    else:
        names = [one.name for one in cache.routines if one.schema == name.schema]
        found = most_similar(name.name, names, VERY_LIKELY)
    return (
        None if found is None else f"Perhaps you meant to call the function {name.schema}.{found}"
    )


def _signature(names: Sequence[str] | frozenset[str]) -> str:
    return f"({', '.join(sorted(names))})"


def _ambiguous(routines: Sequence[Routine]) -> RestError:
    choices = ", ".join(
        f"{routine.name.schema}.{routine.name.name}("
        + ", ".join(f"{one.name} => {one.type}" for one in routine.parameters)
        + ")"
        for routine in routines
    )
    return RestError(
        _AMBIGUOUS,
        ErrorBody(
            "PGRST203",
            f"Could not choose the best candidate function between: {choices}",
            None,
            "Try renaming the parameters or the function itself in the database so function"
            " overloading can be resolved",
        ),
    )
