"""
Everything that can be set, each with its unit and default.

A setting `port` is the environment variable `SLOTCAST_PORT` or the line `port = 54321` in
a TOML file; the environment wins, and command-line options win over both. An unknown name
is refused, so that a misspelt limit never goes unnoticed.
"""

from __future__ import annotations

import dataclasses
import os
import tomllib
from typing import TYPE_CHECKING, Any, Final, get_type_hints

from slotcast.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PREFIX: Final = "SLOTCAST_"

_CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "delete_events": ("authorized", "supabase"),
    "policies": ("compiled", "oracle"),
    "log_level": ("debug", "info", "warning", "error"),
    "log_format": ("line", "json"),
    "metrics": ("open", "token", "off"),
    "apps": ("auto", "on", "off"),
    "inspector": ("auto", "on", "off"),
    "rest": ("on", "off"),
    "rest_api_key_check": ("on", "off"),
    "rest_aggregates": ("on", "off"),
    "rest_plans": ("on", "off"),
    "rest_openapi": ("on", "off"),
    "rest_prepared_statements": ("on", "off"),
    "auth": ("auto", "on", "off"),
    "auth_api_key_check": ("on", "off"),
    "auth_sign_up": ("on", "off"),
    "auth_email": ("on", "off"),
    "auth_anonymous": ("auto", "on", "off"),
    "auth_autoconfirm": ("auto", "on", "off"),
    "auth_manual_linking": ("on", "off"),
    "auth_secure_email_change": ("on", "off"),
    "smtp_security": ("starttls", "tls", "none"),
    "auth_password_characters": (
        "any",
        "letters_digits",
        "lower_upper_letters_digits",
        "lower_upper_letters_digits_symbols",
    ),
    "auth_password_change": ("session", "reauthentication", "current_password"),
}

_LEAST_TOKEN_LENGTH: Final = 16

_AT_LEAST: Final[Mapping[str, int]] = {
    "auth_code_digits": 6,
    "auth_jwt_lifetime_s": 1,
    "auth_password_workers": 1,
    "auth_pool_size": 1,
    "max_http_connections": 1,
    "pool_size": 1,
    "rest_pool_size": 1,
    "rest_statements_at_once": 1,
    "rest_statements_beside_changes": 1,
}
"""Where it is more than 0."""

_AT_MOST: Final[Mapping[str, int]] = {
    "auth_code_digits": 10,
    "auth_password_min_length": 72,
    "port": 65_535,
    "smtp_port": 65_535,
}


def _setting(default: object, doc: str, *, secret: bool = False) -> Any:  # noqa: ANN401
    """Declare a field with its documentation; `reference` and `--help` print it."""
    return dataclasses.field(default=default, metadata={"doc": doc}, repr=not secret)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an operator may set. Units are last in the names: seconds, bytes, counts."""

    database_url: str = _setting(
        "", "Where PostgreSQL is: postgresql://user:password@host:port/database.", secret=True
    )
    host: str = _setting("127.0.0.1", "Address to listen on.")
    port: int = _setting(54321, "TCP port to listen on; 0 takes a free one.")
    log_level: str = _setting(
        "info", "debug, info, warning or error. Only debug shows messages that may quote rows."
    )
    log_format: str = _setting("line", "line: for people; json: one object a line.")
    metrics: str = _setting(
        "token",
        "Who may read /metrics. token: who shows metrics_token, and nobody while that is"
        " empty; open: everybody, scripts of web pages included; off: nobody. Under"
        " `slotcast dev` it is open unless there is a metrics_token.",
    )
    metrics_token: str = _setting(
        "", "Bearer token for /metrics, at least 16 characters.", secret=True
    )
    metrics_top: int = _setting(
        10,
        "How many topics and connections /metrics names, the largest ones; 0 names none.",
    )
    inspector: str = _setting(
        "auto",
        "Whether /inspector, a page to try channels with, is served: on, off, or auto, which is"
        " on under `slotcast dev` and off under `slotcast serve`.",
    )
    apps: str = _setting(
        "auto",
        "Whether the dashboard and the booking app are served, at /dashboard/ and /book/: on, off,"
        " or auto, which is on under `slotcast dev` and off under `slotcast serve`. They need the"
        " appointments schema (`slotcast migrate --appointments`) and publishable_key.",
    )

    jwt_secret: str = _setting(
        "", "Secret for HS256, HS384 and HS512 tokens, at least 32 bytes.", secret=True
    )
    jwks: str = _setting(
        "",
        "JSON Web Key Set (the JSON text) for RS, ES and EdDSA tokens. A private key with sign"
        " among its key_ops signs the tokens of /auth/v1.",
        secret=True,
    )
    publishable_key: str = _setting(
        "", "Opaque API key (sb_publishable_…) that stands for the role anon.", secret=True
    )
    secret_key: str = _setting(
        "", "Opaque API key (sb_secret_…) that stands for the role service_role.", secret=True
    )

    max_http_connections: int = _setting(
        5000,
        "Most connections of HTTP, WebSockets apart. The one that is idle longest makes room for a"
        " new one; if none is, that one is answered with 503.",
    )
    http_head_timeout_s: float = _setting(
        20.0, "Longest that a client may take to send the head of a request; then it gets 408."
    )
    http_body_timeout_s: float = _setting(60.0, "Likewise its body.")
    http_idle_timeout_s: float = _setting(
        75.0,
        "How long a connection of HTTP is kept for a next request, which should be longer than a"
        " proxy in front keeps it; and how long a client may read nothing of its answer.",
    )

    rest: str = _setting("on", "Whether the tables are served as REST: on or off.")
    rest_path: str = _setting(
        "/rest/v1", "Where REST is served; / serves it at the root, in place of the start page."
    )
    rest_api_key_check: str = _setting(
        "on", "on: REST requests need an API key; off: they do without, as anon."
    )
    rest_schemas: str = _setting(
        "public", "Schemas that REST serves, separated by commas; the first is the default."
    )
    rest_extra_search_path: str = _setting(
        "public, extensions", "Schemas that REST requests search besides their own."
    )
    rest_anon_role: str = _setting(
        "anon", "Role of REST requests without a token; empty refuses them."
    )
    rest_jwt_audience: str = _setting(
        "", "What the aud claim of REST tokens has to be or contain, if they have one."
    )
    rest_pre_request: str = _setting(
        "", "Function that is run before every REST request, as its role; such as public.check."
    )
    rest_tx_end: str = _setting(
        "commit",
        "How transactions of REST requests end: commit, rollback, or either with"
        " -allow-override, which lets clients choose with Prefer: tx=….",
    )
    rest_max_rows: int = _setting(
        1000, "Most rows of a REST response, and of each embed in it; 0 for any number."
    )
    rest_aggregates: str = _setting(
        "off", "Whether REST requests may use aggregate functions: on or off."
    )
    rest_plans: str = _setting(
        "off", "Whether REST requests may ask for PostgreSQL's plans: on or off."
    )
    rest_openapi: str = _setting("on", "Whether the root of REST describes the API: on or off.")
    rest_root_function: str = _setting(
        "", "Function that the root of REST calls instead of describing the API."
    )
    rest_app_settings: str = _setting(
        "",
        "Settings of every REST transaction, separated by commas: app.settings.name=value.",
    )
    rest_pool_size: int = _setting(10, "Most connections for REST requests.")
    rest_statements_at_once: int = _setting(
        6,
        "How many of these work at once, as long as nobody waits for more than 20 ms: about three"
        " times the cores of PostgreSQL's machine. More would only make changes wait.",
    )
    rest_statements_beside_changes: int = _setting(
        2,
        "How many instead while clients are being sent changes, which would wait for the others:"
        " about as many as cores of PostgreSQL's machine.",
    )
    rest_pool_timeout_s: float = _setting(
        10.0, "Longest that a REST request waits for a connection."
    )
    rest_statement_timeout_s: float = _setting(
        30.0,
        "Longest that a statement of a REST request may run, unless its role has a"
        " statement_timeout of its own.",
    )
    rest_prepared_statements: str = _setting(
        "on",
        "Whether REST keeps statements prepared: on, or off behind a pooler that gives every"
        " transaction another session.",
    )
    rest_body_limit_bytes: int = _setting(10 * 1024 * 1024, "Largest body of a REST request.")
    rest_bodies_limit_bytes: int = _setting(
        128 * 1024 * 1024,
        "Most that the bodies of all REST requests may have together; further ones are answered"
        " with 503.",
    )
    rest_embed_depth_limit: int = _setting(10, "Deepest nesting of embeds in a REST request.")
    rest_embed_limit: int = _setting(100, "Most embeds in a REST request.")
    rest_filter_limit: int = _setting(500, "Most conditions in a REST request.")

    auth: str = _setting(
        "auto",
        "Whether accounts are served under /auth/v1: on, off, or auto, which is on under"
        " `slotcast dev` and off under `slotcast serve`.",
    )
    auth_external_url: str = _setting(
        "",
        "Where clients and mails reach /auth/v1, such as https://api.example.com/auth/v1; tokens"
        " name it as their issuer. Empty for this server's own address.",
    )
    auth_site_url: str = _setting(
        "", "The app that links in mails lead to. Empty for this server's own address."
    )
    auth_uri_allow_list: str = _setting(
        "",
        "Where else they may lead, separated by commas; * stands for what has no . or / in it,"
        " ** for anything.",
    )
    auth_api_key_check: str = _setting(
        "on", "on: requests to /auth/v1 need an API key; off: they do without."
    )
    auth_jwt_lifetime_s: int = _setting(3600, "How long access tokens are valid.")
    auth_sign_up: str = _setting("on", "Whether people may sign up: on or off.")
    auth_email: str = _setting(
        "on", "Whether people may sign up and in with an email address: on or off."
    )
    auth_anonymous: str = _setting(
        "auto",
        "Whether people may sign in anonymously: on or off; auto: on under `slotcast dev`, off"
        " under `slotcast serve`.",
    )
    auth_autoconfirm: str = _setting(
        "auto",
        "on: addresses count as confirmed at once; off: only when somebody followed the link in"
        " the mail; auto: on under `slotcast dev`, off under `slotcast serve`.",
    )
    auth_manual_linking: str = _setting(
        "off", "Whether users may add and remove ways to sign in: on or off."
    )
    auth_password_min_length: int = _setting(6, "Fewest characters of a new password, up to 72.")
    auth_password_characters: str = _setting(
        "any",
        "Of which sets a new password needs a character: any, letters_digits,"
        " lower_upper_letters_digits or lower_upper_letters_digits_symbols.",
    )
    auth_password_change: str = _setting(
        "session",
        "What a user needs to change the password. session: to be signed in; reauthentication:"
        " also a code by mail unless they signed in within 24 hours; current_password: also the"
        " current one.",
    )
    auth_password_workers: int = _setting(
        1, "How many passwords are hashed at a time, each by a core."
    )
    auth_password_queue: int = _setting(
        64, "How many requests may wait for that; more are answered with 429."
    )
    auth_refresh_reuse_interval_s: float = _setting(
        10.0,
        "How long after a refresh older refresh tokens of the session still lead to the current"
        " one, for tabs that refresh at once. Later use of one ends the session.",
    )
    auth_session_lifetime_s: float = _setting(
        0.0, "How long after signing in a session can be refreshed; 0 for always."
    )
    auth_session_inactivity_s: float = _setting(
        0.0, "How long after its last refresh a session can be refreshed; 0 for always."
    )
    auth_client_address_header: str = _setting(
        "",
        "Header in which your reverse proxy writes the client's address, such as"
        " x-forwarded-for, whose last entry counts. Empty: the address of the connection.",
    )
    auth_secure_email_change: str = _setting(
        "on",
        "on: a new email address counts when both the old and the new one confirmed it; off: the"
        " new one is enough.",
    )
    auth_code_digits: int = _setting(6, "Digits of the codes in mails, 6 to 10.")
    auth_code_valid_s: float = _setting(3600.0, "How long codes and links in mails count.")
    auth_mail_templates: str = _setting(
        "",
        "Folder with the wording of mails: confirmation, invite, magic_link, recovery,"
        " email_change, reauthentication, each as .html, .txt and .subject.txt. Ours for what"
        " it lacks.",
    )
    auth_mail_interval_s: float = _setting(
        60.0, "Least time between mails of the same use to the same address; 0 for none."
    )
    auth_mails_per_h: int = _setting(
        30,
        "Most mails of the whole server in an hour, and at once; 0 for any number. It does not"
        " count what goes to the mailbox of `slotcast dev`.",
    )
    auth_requests_per_5_min: int = _setting(
        30,
        "How often one address may sign up, ask for a mail or change its account in 5 minutes,"
        " each for itself; 0 for any number.",
    )
    auth_tokens_per_5_min: int = _setting(
        150, "How often one address may sign in or refresh in 5 minutes; 0 for any number."
    )
    auth_verifications_per_5_min: int = _setting(
        30, "How often one address may try a code or a link in 5 minutes; 0 for any number."
    )
    auth_anonymous_per_h: int = _setting(
        30, "How often one address may sign in anonymously in an hour; 0 for any number."
    )
    auth_attempts_per_10_min: int = _setting(
        10,
        "How many wrong codes, or wrong passwords, are taken for one account in 10 minutes,"
        " wherever they come from; 0 for any number.",
    )
    smtp_host: str = _setting(
        "",
        "The server that takes mails. Without it `slotcast dev` keeps them at /mail, and"
        " `slotcast serve` refuses whatever needs a mail.",
    )
    smtp_port: int = _setting(587, "Its TCP port.")
    smtp_security: str = _setting(
        "starttls",
        "starttls: TLS after a first word in the clear, demanded; tls: from the beginning, as on"
        " port 465; none: for a relay on this machine.",
    )
    smtp_user: str = _setting("", "User to log in to it as; empty for none.")
    smtp_password: str = _setting("", "That user's password.", secret=True)
    smtp_sender: str = _setting("", "Address that mails come from, such as no-reply@example.com.")
    smtp_sender_name: str = _setting("", "Name that mails come from.")
    smtp_timeout_s: float = _setting(
        15.0, "Longest that connecting to it, and each of its answers, may take."
    )
    auth_pool_size: int = _setting(4, "Most connections for accounts.")
    auth_timeout_s: float = _setting(
        10.0, "Longest that PostgreSQL may take for a statement about accounts."
    )

    publication: str = _setting("supabase_realtime", "Publication whose tables are streamed.")
    slot: str = _setting("slotcast", "Name of the permanent replication slot.")
    search_path: str = _setting(
        "public, extensions", "search_path under which policies are judged."
    )
    delete_events: str = _setting(
        "authorized",
        "authorized: a DELETE that cannot be judged goes only to viewers with unconditional"
        " access; supabase: its key goes to every subscriber.",
    )
    replay_window_s: float = _setting(
        2.0, "How far behind hand-over the slot is confirmed: what a crash can deliver again."
    )
    recovery_window_s: float = _setting(
        60.0, "How long after a start clients that join again get what was found in the slot."
    )
    recovery_limit_bytes: int = _setting(
        16 * 1024 * 1024, "Most of the recovered changes kept for clients that join again."
    )

    channel_policies_kept_s: float = _setting(
        10.0,
        "How long it takes at most until private channels notice that a policy was written anew,"
        " and how long permissions count that depend on more than rows of tables.",
    )
    messages_kept_days: int = _setting(
        3, "How long broadcasts of the database are kept, so that joins can ask for them."
    )

    pool_size: int = _setting(8, "Most connections for judging and catalog queries.")
    policies: str = _setting(
        "compiled",
        "How row level security is judged. compiled: from compiled policies, and by PostgreSQL"
        " where they do not decide; oracle: by PostgreSQL alone, at every change.",
    )
    judge_timeout_s: float = _setting(
        5.0, "Longest that PostgreSQL may take over one viewer's policies for a batch."
    )
    join_timeout_s: float = _setting(
        20.0, "Longest that a join is held until its subscription is live."
    )

    frame_limit_bytes: int = _setting(5_000_000, "Largest frame a client may send.")
    record_limit_bytes: int = _setting(
        1_048_576, "Changes above this lose their columns of more than 64 bytes."
    )
    send_queue_limit_bytes: int = _setting(
        4 * 1024 * 1024, "Most that may wait for one connection before it is closed."
    )
    max_channels_per_client: int = _setting(100, "Most channels one connection may join.")
    max_payload_size_in_kb: float = _setting(
        3000.5, "Largest payload of a broadcast, in units of 1,000 bytes."
    )
    max_events_per_second: float = _setting(
        500.0,
        "How often one connection may broadcast or change its presence; five times as often in a"
        " single second. A broadcast of more than 4 KiB counts once for each 4 KiB.",
    )
    http_message_rate_per_s: float = _setting(
        1000.0,
        "How many broadcasts one user may send over HTTP; five times as many at once, and large"
        " ones count likewise.",
    )
    max_joins_per_second: float = _setting(
        100.0, "How often one connection may join channels; five times as often in a single second."
    )
    max_client_presence_events_per_window: int = _setting(
        5, "How often one channel may change what it is present with, in 30 seconds."
    )
    presence_limit_bytes: int = _setting(
        8 * 1024, "Largest object that a channel may be present with."
    )
    presence_keys_limit: int = _setting(100, "Most members of such an object.")
    presence_state_limit_bytes: int = _setting(
        1024 * 1024, "How large the presence state of one topic may grow."
    )
    max_concurrent_users: int = _setting(20_000, "Most connections at a time.")
    idle_timeout_s: float = _setting(60.0, "A connection that sent nothing for so long is closed.")
    channelless_timeout_s: float = _setting(
        600.0, "A connection without a channel for so long is closed."
    )

    def __post_init__(self) -> None:
        for name, allowed in _CHOICES.items():
            if getattr(self, name) not in allowed:
                *others, last = allowed
                raise SettingsError(
                    f"{name} is {getattr(self, name)!r}; it must be {', '.join(others)} or {last}"
                )
        if 0 < len(self.metrics_token) < _LEAST_TOKEN_LENGTH:
            raise SettingsError(
                f"metrics_token has fewer than {_LEAST_TOKEN_LENGTH} characters; make one with"
                " `openssl rand -hex 32`"
            )
        for field in dataclasses.fields(self):
            self._check_bounds(field.name)
        self._check_rest()

    def _check_bounds(self, name: str) -> None:
        value = getattr(self, name)
        if not isinstance(value, (int, float)):
            return
        if value < 0:
            raise SettingsError(f"{name} is {value}; it must not be negative")
        least, most = _AT_LEAST.get(name, 0), _AT_MOST.get(name, value)
        if value < least:
            raise SettingsError(f"{name} is {value}; it must be at least {least}")
        if value > most:
            raise SettingsError(f"{name} is {value}; it must be at most {most}")

    def _check_rest(self) -> None:
        if not self.rest_path.startswith("/"):
            raise SettingsError(f"rest_path is {self.rest_path!r}; it must begin with a slash")


_TYPES: Final = get_type_hints(Settings)


def load(
    environment: Mapping[str, str] = os.environ,
    file: Path | None = None,
    **overrides: object,
) -> Settings:
    """
    Read the settings from *file*, then *environment*, then *overrides*.

    Args:
        environment: Only names that begin with `SLOTCAST_` are read.
        file: A TOML file of plain `name = value` lines, or None.
        overrides: Settings given on the command line; None means not given.

    Raises:
        SettingsError: A name is unknown or a value is not of its setting's type.
    """
    values: dict[str, Any] = {}
    if file is not None:
        try:
            values.update(tomllib.loads(file.read_text("utf-8")))
        except OSError as error:
            raise SettingsError(f"cannot read the settings file {file}: {error}") from error
        except tomllib.TOMLDecodeError as error:
            raise SettingsError(f"{file} is not TOML: {error}") from error
    for variable, text in environment.items():
        if variable.startswith(PREFIX):
            values[variable.removeprefix(PREFIX).lower()] = text
    values.update({name: value for name, value in overrides.items() if value is not None})
    checked: dict[str, Any] = {name: _read(name, value) for name, value in values.items()}
    return Settings(**checked)


def _read(name: str, value: object) -> object:
    """Give *value* the type of the setting *name*."""
    wanted = _TYPES.get(name)
    if wanted is None:
        raise SettingsError(
            f"unknown setting {name!r} (environment {PREFIX}{name.upper()}); known are: "
            + ", ".join(sorted(_TYPES))
        )
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise SettingsError(f"the setting {name} must be a {wanted.__name__}, not {value!r}")
    try:
        return wanted(value)
    except ValueError:
        raise SettingsError(
            f"the setting {name} must be a {wanted.__name__}, not {value!r}"
        ) from None
