"""How connection parameters are completed."""

from __future__ import annotations

import pytest

from slotcast.errors import DatabaseError
from slotcast.replication.connection import connection_parameters


def test_the_text_forms_come_after_the_url_s_own_options() -> None:
    parameters = connection_parameters("postgresql://h/d?options=-c%20datestyle%3DGerman")

    assert parameters["options"].startswith("-c datestyle=German -c DateStyle=ISO")
    assert parameters["client_encoding"] == "UTF8"


def test_the_url_may_change_timeouts_but_not_the_encoding() -> None:
    parameters = connection_parameters("host=h connect_timeout=60 client_encoding=LATIN1")

    assert parameters["connect_timeout"] == "60"
    assert parameters["client_encoding"] == "UTF8"


def test_a_url_that_cannot_be_read_is_not_repeated() -> None:
    with pytest.raises(DatabaseError) as refused:
        connection_parameters("postgresql:/me:s3cret@h")

    assert "s3cret" not in str(refused.value)
    assert refused.value.__suppress_context__
