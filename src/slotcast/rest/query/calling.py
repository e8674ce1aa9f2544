"""Calls of functions as SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from slotcast.rest.plan.nodes import (
    BodyArgument,
    DirectArgument,
    DirectArguments,
    JsonArguments,
    PayloadColumn,
)
from slotcast.rest.query.conditions import column
from slotcast.rest.query.statement import identifier, qualified
from slotcast.rest.query.writing import BODY, payload_sql
from slotcast.rest.request.ast import FormPayload, Membership

if TYPE_CHECKING:
    from slotcast.rest.plan.nodes import CallPlan
    from slotcast.rest.query.statement import Binder

SCALAR = "pgrst_scalar"
"""What the value of a function without columns is called."""


def call_sql(plan: CallPlan, binder: Binder) -> str:
    """Write the SELECT that calls the function."""
    source, arguments = _arguments(plan, binder)
    call = f"{qualified(plan.routine.name)}({arguments})"
    if not plan.routine.returns_row:
        return f"SELECT pgrst_call.{SCALAR} FROM {source}(SELECT {call} {SCALAR}) pgrst_call"
    columns = ", ".join(column("pgrst_call", name) for name in plan.returning)
    return f"SELECT {columns} FROM {source}{call} pgrst_call"


def _arguments(plan: CallPlan, binder: Binder) -> tuple[str, str]:
    """Write what the call is joined with, and its arguments."""
    match plan.arguments:
        case DirectArguments(arguments):
            return "", ", ".join(_direct(argument, binder) for argument in arguments)
        case BodyArgument():
            return "", _body(plan.arguments, binder)
        case JsonArguments((), _):
            return "", ""
        case JsonArguments(parameters, payload):
            columns = [PayloadColumn(one.name, one.payload_type) for one in parameters]
            rows = payload_sql(columns, payload, binder, is_first_only=True)
            named = (
                f"{'VARIADIC ' if one.is_variadic else ''}{identifier(one.name)}"
                f" := {BODY}.{identifier(one.name)}"
                for one in parameters
            )
            return f"{rows.removeprefix('FROM ')}, LATERAL ", ", ".join(named)
        case _:
            assert_never(plan.arguments)


def _direct(argument: DirectArgument, binder: Binder) -> str:
    parameter = argument.parameter
    value, prefix = argument.values[-1], ""
    if parameter.is_variadic:
        value, prefix = Membership(argument.values).array_literal(), "VARIADIC "
    bound = binder.bind(value)
    return f"{prefix}{identifier(parameter.name)} := {bound}::{parameter.payload_type}"


def _body(argument: BodyArgument, binder: Binder) -> str:
    payload, type_ = argument.payload, argument.parameter.type
    data = b"" if isinstance(payload, FormPayload) else payload.data
    if type_ == "bytea":
        data = b"\\x" + data.hex().encode("ascii")
    return f"{binder.bind(data)}::{type_}"
