from __future__ import annotations

from typing import Any

from slotcast.rest.openapi import describe
from support.schemas import CACHE, SCHEMA


def described(*relations: str, routines: tuple[str, ...] = ()) -> dict[str, Any]:
    return describe(CACHE, SCHEMA, relations=relations, routines=routines, version="1")


def test_only_what_the_caller_may_use_is_described() -> None:
    description = described("clients", routines=("add",))

    assert sorted(description["paths"]) == ["/", "/clients", "/rpc/add"]
    assert list(description["definitions"]) == ["clients"]


def test_every_reference_is_defined() -> None:
    description = described("clients", "projects")

    for path in ("/clients", "/projects"):
        for operation in description["paths"][path].values():
            for parameter in operation["parameters"]:
                name = parameter["$ref"].removeprefix("#/parameters/")
                assert name in description["parameters"]


def test_keys_are_noted_where_code_generators_look_for_them() -> None:
    properties = described("projects")["definitions"]["projects"]["properties"]

    assert properties["id"]["description"] == "Note:\nThis is a Primary Key.<pk/>"
    assert properties["client_id"]["description"] == (
        "Note:\nThis is a Foreign Key to `clients.id`.<fk table='clients' column='id'/>"
    )


def test_columns_have_the_type_of_their_json_and_the_format_of_postgresql() -> None:
    properties = described("projects")["definitions"]["projects"]["properties"]

    assert properties["name"] == {"type": "string", "format": "text"}
    assert properties["data"] == {"format": "jsonb"}


def test_arguments_are_required_unless_they_have_a_default() -> None:
    [arguments] = described(routines=("add",))["paths"]["/rpc/add"]["post"]["parameters"]

    assert arguments["schema"]["required"] == ["a"]
    assert sorted(arguments["schema"]["properties"]) == ["a", "b"]
