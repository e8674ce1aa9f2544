"""What the roles are allowed, shown and refused."""

from __future__ import annotations

from typing import Final

from slotcast.tokens import Keyring
from support.library.nouns import ALICE, BOB, OF_BOOKS, Case, ids
from support.query_builders import Chain
from support.server import ANON_KEY, PUBLISHABLE_KEY, SECRET_KEY, token

LOANS: Final = Chain().from_("loans")
HIDDEN: Final = LOANS.select("id").eq("id", 1)
DENIED: Final = {"code": "42501", "message": "permission denied for table ledger"}
REFUSED: Final = {
    "code": "42501",
    "message": 'new row violates row-level security policy for table "loans"',
}
NOTES: Final = "select string_agg(note, ' ' order by id) from loans"
UNCHANGED: Final = (NOTES, "mine hers his")
WHOAMI: Final = Chain().rpc("whoami", {})

PEOPLE: Final = {
    "anon": (PUBLISHABLE_KEY, None),
    "alice": (PUBLISHABLE_KEY, token(ALICE)),
    "bob": (PUBLISHABLE_KEY, token(BOB)),
    "expired": (PUBLISHABLE_KEY, token(ALICE, expires_in_s=-60)),
    "forged": (PUBLISHABLE_KEY, Keyring(secret="s" * 32).sign({"sub": ALICE}, expires_in_s=60)),
    "anon by JWT": (ANON_KEY, None),
    "service": (SECRET_KEY, None),
    "service by JWT": (token(role="service_role"), None),
}
"""An API key and a token for each of those as whom clients act."""

BY_PEOPLE: Final = [
    Case("anybody is nobody", WHOAMI, {"id": None, "role": "anon"}, by="anon"),
    Case("a user is a user", WHOAMI, {"id": ALICE, "role": "authenticated"}, by="alice"),
    Case("another is another", WHOAMI, {"id": BOB, "role": "authenticated"}, by="bob"),
    Case("anybody by JWT", WHOAMI, {"id": None, "role": "anon"}, by="anon by JWT"),
    Case(
        "the service by JWT",
        WHOAMI,
        {"id": None, "role": "service_role"},
        by="service by JWT",
    ),
    Case("a forged token", WHOAMI, error={"code": "PGRST301"}, status=401, by="forged"),
    Case("the service is nobody", WHOAMI, {"id": None, "role": "service_role"}),
    Case(
        "a token that expired",
        WHOAMI,
        error={"code": "PGRST303", "message": "JWT expired"},
        status=401,
        by="expired",
    ),
    *(
        Case(
            "what is visible, counted",
            LOANS.select("id", count="exact").order("id"),
            ids(*visible),
            count=len(visible),
            by=by,
        )
        for by, visible in {
            "anon": [2],
            "alice": [1, 2],
            "bob": [2, 3],
            "service": [1, 2, 3],
        }.items()
    ),
    *(
        Case("what is visible in a function", Chain().rpc("loan_count", {}), count, by=by)
        for by, count in {"anon": 1, "alice": 2, "bob": 2, "service": 3}.items()
    ),
    *(
        Case(
            "what is visible in an embed",
            OF_BOOKS("id, loans(id)").eq("id", 1),
            [{"id": 1, "loans": ids(*visible)}],
            by=by,
        )
        for by, visible in {"anon": [], "alice": [1], "bob": [], "service": [1]}.items()
    ),
    Case(
        "books with visible loans",
        OF_BOOKS("id, loans!inner(id)").order("id"),
        [{"id": 3, "loans": ids(2)}],
        by="anon",
    ),
    Case("a hidden row", HIDDEN, [], by="bob"),
    Case("a hidden row as one", HIDDEN.single(), error={"code": "PGRST116"}, by="bob"),
    Case("perhaps a hidden row", HIDDEN.maybe_single(), None, by="bob"),
    *(
        Case(
            "no grant to read",
            Chain().from_("ledger").select("*"),
            error=DENIED,
            status=status,
            by=by,
        )
        for by, status in {"anon": 401, "alice": 403}.items()
    ),
    Case(
        "no grant to write",
        Chain().from_("ledger").insert({"id": 2, "amount": 1}),
        error=DENIED,
        status=403,
        by="bob",
        after=("select count(*) from ledger", 1),
    ),
    Case(
        "no grant to delete",
        Chain().from_("authors").delete().eq("id", 5),
        error={"code": "42501"},
        status=401,
        by="anon",
        after=("select count(*) from authors", 5),
    ),
    Case("a grant", Chain().from_("ledger").select("*"), [{"id": 1, "amount": 100}]),
    Case(
        "anybody's insert",
        LOANS.insert({"borrower": ALICE, "book_id": 2}),
        error=REFUSED,
        status=401,
        by="anon",
        after=UNCHANGED,
    ),
    Case(
        "one's own insert",
        LOANS.insert({"book_id": 2, "note": "new"}).select("borrower, note"),
        [{"borrower": ALICE, "note": "new"}],
        status=201,
        by="alice",
        after=(NOTES, "mine hers his new"),
    ),
    Case(
        "an insert for another",
        LOANS.insert({"borrower": BOB, "book_id": 2}),
        error=REFUSED,
        status=403,
        by="alice",
        after=UNCHANGED,
    ),
    Case(
        "many inserts, one of them for another",
        LOANS.insert([{"borrower": ALICE, "book_id": 2}, {"borrower": BOB, "book_id": 2}]),
        error=REFUSED,
        by="alice",
        after=UNCHANGED,
    ),
    Case(
        "the service's insert",
        LOANS.insert({"borrower": BOB, "book_id": 2, "note": "new"}).select("borrower"),
        [{"borrower": BOB}],
        after=(NOTES, "mine hers his new"),
    ),
    Case(
        "one's own update",
        LOANS.update({"note": "new"}).eq("borrower", ALICE).select("id").order("id"),
        ids(1, 2),
        by="alice",
        after=(NOTES, "new new his"),
    ),
    Case(
        "an update of what is hidden",
        LOANS.update({"note": "new"}).eq("id", 1).select("id"),
        [],
        status=200,
        by="bob",
        after=UNCHANGED,
    ),
    Case(
        "an update of what is only visible",
        LOANS.update({"note": "new"}).eq("id", 2).select("id"),
        [],
        by="bob",
        after=UNCHANGED,
    ),
    Case(
        "an update of everything",
        LOANS.update({"note": "new"}, count="exact").select("id"),
        ids(3),
        count=1,
        by="bob",
        after=(NOTES, "mine hers new"),
    ),
    Case(
        "one row of what is hidden, updated",
        LOANS.update({"note": "new"}).eq("id", 1).select("id").single(),
        error={"code": "PGRST116"},
        by="bob",
        after=UNCHANGED,
    ),
    Case(
        "giving away what is one's own",
        LOANS.update({"borrower": BOB}).eq("id", 1).select("id"),
        error=REFUSED,
        status=403,
        by="alice",
        after=UNCHANGED,
    ),
    Case(
        "an upsert of what is another's",
        LOANS.upsert({"id": 3, "book_id": 1, "note": "new"}).select("id"),
        error={"code": "42501"},
        status=403,
        by="alice",
        after=UNCHANGED,
    ),
    Case(
        "a delete of everything",
        LOANS.delete().gt("id", 0).select("id"),
        ids(3),
        by="bob",
        after=(NOTES, "mine hers"),
    ),
    Case(
        "anybody's delete",
        LOANS.delete().gt("id", 0).select("id"),
        [],
        by="anon",
        after=UNCHANGED,
    ),
    Case(
        "a row that may be written and not be read",
        Chain().from_("suggestions").insert({"id": 1, "body": "more lamps"}).select("id"),
        error={"code": "42501"},
        status=401,
        by="anon",
        after=("select count(*) from suggestions", 0),
    ),
]
"""What the roles are allowed, shown and refused, with both clients alike."""

DROPPED: Final = {"id": 1, "body": "more lamps"}
IS_DROPPED: Final = ("select body from suggestions", "more lamps")

JS_BY_PEOPLE: Final = [
    Case(
        "a row that is not read",
        Chain().from_("suggestions").insert(DROPPED),
        None,
        status=201,
        by="anon",
        after=IS_DROPPED,
    ),
]
PY_BY_PEOPLE: Final = [
    Case(
        "a row that is not read",
        Chain().from_("suggestions").insert(DROPPED, returning="minimal"),
        [],
        by="anon",
        after=IS_DROPPED,
    ),
]
