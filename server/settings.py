"""Every setting of Triptych: its type, bounds, default and help, and how what sets it is merged.

`run.py` loads them once at the start and hands the values on as arguments; nothing below it reads
the environment. Merging is pure; only `read_settings_file` touches the disk. A test compares
`docs/settings.md` with what is declared here, so a new setting is one field of `Settings` and
`make docs`.
"""

import difflib
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, cast, get_args, get_type_hints

import msgspec
from msgspec import Meta

from server.access.addresses import parse_proxies
from server.streams.origins import parse_origins

ENVIRONMENT_PREFIX = "TRIPTYCH_"

SETTINGS_FILE = "triptych.toml"
"""The file in the data folder."""

THREADS_MAX = 64
"""Threads that one limiter may have: more would wait for the interpreter lock, not for work."""

REQUESTS_AN_HOUR_MAX = 10_000_000
"""As good as no limit: 2,800 requests a second, more than one process serves."""

ALL_INTERFACES = frozenset({"0.0.0.0", "::"})

Switch = Literal["on", "off"]
FanOutPolicy = Literal["hybrid", "push", "pull", "threshold", "lossy"]
Registration = Literal["open", "invite", "closed"]
Edge = Literal["edge", "hypercorn"]
LogForm = Literal["auto", "human", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]


def _an_hour(what: str) -> Meta:
    return Meta(ge=1, le=REQUESTS_AN_HOUR_MAX, description=f"{what}, an hour.")


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The values that a process runs with. Made by `load_settings`; never changed."""

    data: Annotated[
        str,
        Meta(
            min_length=1,
            pattern=r"^[^\x00]+$",
            description="The data folder; made if it is not there. The file can't set it.",
            extra={"form": "a path"},
        ),
    ] = "data"
    host: Annotated[
        str,
        Meta(
            pattern=r"^[0-9A-Za-z._:%-]+$",
            description="The address to listen on: `0.0.0.0` is all of IPv4, `::` all of IPv6.",
            extra={"form": "an IP address or a host name"},
        ),
    ] = "127.0.0.1"
    port: Annotated[
        int,
        Meta(ge=0, le=65_535, description="The port to listen on; 0 takes and prints a free one."),
    ] = 8000
    server: Annotated[
        Edge,
        Meta(
            description="What speaks HTTP: `edge` is our own listener, `hypercorn` knows HTTP/2 "
            "but keeps fewer promises."
        ),
    ] = "edge"
    connections_max: Annotated[
        int,
        Meta(
            ge=1,
            le=1_000_000,
            description="Connections at once, as far as the process may open files; beyond it a "
            "connection is answered with 503. For `edge`.",
        ),
    ] = 8_192
    uds: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=100,
                pattern=r"^[^\x00]+$",
                description="A Unix socket to listen on, in place of `host` and `port`.",
                extra={"form": "a path of at most 100 characters"},
            ),
        ]
        | None
    ) = None
    tls_cert: (
        Annotated[
            str,
            Meta(
                min_length=1,
                description="The certificate for TLS, with its chain, in PEM; read again on "
                "SIGHUP. For `edge`, with `tls_key`.",
                extra={"form": "a path"},
            ),
        ]
        | None
    ) = None
    tls_key: (
        Annotated[
            str,
            Meta(min_length=1, description="Its key, not encrypted.", extra={"form": "a path"}),
        ]
        | None
    ) = None
    public_url: (
        Annotated[
            str,
            Meta(
                pattern=r"^https?://[^\s/?#@]+$",
                description="What URLs in answers begin with; without it, the address bound.",
                extra={"form": "an address like https://photos.example.org, without a path"},
            ),
        ]
        | None
    ) = None
    rate_limits: Annotated[
        Switch,
        Meta(
            description="`off` turns off every rate limit and the login throttle: for tests and "
            "benches."
        ),
    ] = "on"
    registration: Annotated[
        Registration,
        Meta(
            description="Who may register: everybody, whoever has an invite "
            "(`run.py invite create`), or nobody."
        ),
    ] = "open"
    limit_post_upload: Annotated[int, _an_hour("Post uploads of a user")] = 50
    limit_story_upload: Annotated[int, _an_hour("Story uploads of a user")] = 100
    limit_feed: Annotated[
        int, _an_hour("Requests of a user for home, stories and explore feeds")
    ] = 200
    limit_search: Annotated[int, _an_hour("Searches of a user")] = 100
    limit_search_address: Annotated[int, _an_hour("Searches of an address, without a token")] = 20
    limit_follow: Annotated[
        int, _an_hour("Follows, unfollows and the like of a user, together")
    ] = 200
    limit_user_lookup_address: Annotated[
        int, _an_hour("Profiles that an address looks at, without a token")
    ] = 50
    limit_write: Annotated[int, _an_hour("All other changes of a user")] = 3_000
    limit_read: Annotated[
        int, _an_hour("All other reads of a user, and the same again of profiles")
    ] = 10_000
    limit_auth: Annotated[int, _an_hour("Registrations, logins and refreshes of an address")] = (
        5_000
    )
    limit_wrong_passwords_account: Annotated[
        int,
        Meta(
            ge=1,
            le=REQUESTS_AN_HOUR_MAX,
            description="Wrong passwords of an account in 15 minutes.",
        ),
    ] = 10
    limit_wrong_passwords_address: Annotated[
        int,
        Meta(
            ge=1,
            le=REQUESTS_AN_HOUR_MAX,
            description="Wrong passwords of an address in 15 minutes; also how many an account is "
            "allowed from an address that it has logged in from before, whatever strangers do.",
        ),
    ] = 30
    trusted_proxies: (
        Annotated[
            str,
            Meta(
                description="Reverse proxies whose `X-Forwarded-For` says who a client is; `unix` "
                "is whoever comes by a Unix socket.",
                extra={
                    "form": "addresses and networks like 10.0.0.0/8, commas between them",
                    "check": parse_proxies,
                },
            ),
        ]
        | None
    ) = None
    stream_origins: (
        Annotated[
            str,
            Meta(
                description="Web pages elsewhere that may open the stream in a browser, besides "
                "those of this server.",
                extra={
                    "form": "origins like https://app.example.org, commas between them",
                    "check": parse_origins,
                },
            ),
        ]
        | None
    ) = None
    stream_kept_s: Annotated[
        int,
        Meta(
            ge=60,
            le=31_536_000,
            description="Seconds for which the stream can tell a client what it has missed; who "
            "was away longer is told to `resync`.",
        ),
    ] = 604_800
    stream_kept_events: Annotated[
        int,
        Meta(
            ge=1,
            le=100_000,
            description="Events that the stream tells one client at most when it comes back.",
        ),
    ] = 10_000
    fan_out: Annotated[
        FanOutPolicy,
        Meta(
            description="How posts reach home feeds. `push`: a new post goes to the feeds in "
            "memory; `pull`: a feed is put together when it is read; `hybrid`: push up to 10,000 "
            "followers, pull above; `threshold`: push to who read a feed in the last day; `lossy`: "
            "push, but who follows more than 2,000 gets a share of it."
        ),
    ] = "hybrid"
    cells_max: Annotated[
        int,
        Meta(
            ge=100,
            le=10_000_000,
            description="Users and posts in memory; beyond it those used longest ago leave. About "
            "2 KB each.",
        ),
    ] = 50_000
    cell_idle_s: Annotated[
        int,
        Meta(ge=1, le=86_400, description="Seconds without use after which one leaves memory."),
    ] = 600
    log: Annotated[
        LogForm,
        Meta(description="The log's form: `auto` is `human` on a terminal and `json` elsewhere."),
    ] = "auto"
    log_level: Annotated[
        LogLevel,
        Meta(description="The least grave thing that is logged."),
    ] = "info"
    image_threads: Annotated[
        int,
        Meta(
            ge=1,
            le=THREADS_MAX,
            description="Pictures decoded at once, as far as `image_memory` goes.",
        ),
    ] = 2
    image_memory: Annotated[
        int,
        Meta(
            ge=64,
            le=65_536,
            description="MiB that decoding pictures may take in all; one that needs more is "
            "decoded alone. The largest WebP needs 448, a telephone's JPEG 50.",
        ),
    ] = 448
    password_threads: Annotated[
        int,
        Meta(ge=1, le=THREADS_MAX, description="Passwords hashed at once; each takes 19 MiB."),
    ] = 2
    requests_max: Annotated[
        int,
        Meta(
            ge=1,
            le=65_536,
            description="Requests under way at once; beyond it the answer is 503.",
        ),
    ] = 512
    uploads_max: Annotated[
        int,
        Meta(
            ge=1,
            le=65_536,
            description="Uploads under way at once, which may take 81 MiB of disk each; beyond it "
            "the answer is 503.",
        ),
    ] = 128


class Setting(msgspec.Struct, frozen=True):
    """One setting as people see it, whatever it is set by. `form` says what its value may be."""

    name: str
    help: str
    form: str
    default: str | int | None
    type: Any
    check: Callable[[Any], object]
    """Raises `ValueError` for what the type lets pass but can't be."""

    @property
    def flag(self) -> str:
        """As on the command line: `--log-level`."""
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """As in the environment: `TRIPTYCH_LOG_LEVEL`."""
        return ENVIRONMENT_PREFIX + self.name.upper()


class Loaded(msgspec.Struct, frozen=True):
    """The settings, and for each by what it was set: a flag, a variable, the file, or `default`."""

    settings: Settings
    sources: Mapping[str, str]


class BadSetting(Exception):
    """Whoever starts the process must change a setting first.

    The message is one sentence that says which, where it was set, and what it may be.
    """


def _constraints(annotation: Any) -> tuple[Any, Meta]:
    """The bare type and the `Meta` of a field, also of one that may be null."""
    for part in (annotation, *get_args(annotation)):
        metas = [meta for meta in getattr(part, "__metadata__", ()) if isinstance(meta, Meta)]
        if metas:
            return part.__origin__, metas[0]
    raise TypeError(f"a setting without Meta: {annotation!r}")


def _form(bare: Any, meta: Meta) -> str:
    if meta.extra:
        return str(meta.extra["form"])
    if bare is int:
        return f"a whole number from {meta.ge} to {meta.le}"
    return "one of " + ", ".join(cast(tuple[str, ...], get_args(bare)))


def _anything(value: object) -> object:
    """Nothing to check beyond the type."""
    return value


def _declared() -> Iterable[Setting]:
    hints = get_type_hints(Settings, include_extras=True)
    for field in msgspec.structs.fields(Settings):
        bare, meta = _constraints(hints[field.name])
        yield Setting(
            name=field.name,
            help=meta.description or "",
            form=_form(bare, meta),
            default=field.default,
            type=hints[field.name],
            check=(meta.extra or {}).get("check", _anything),
        )


SETTINGS: Mapping[str, Setting] = {setting.name: setting for setting in _declared()}
"""Every setting by its name, in the order of the documentation."""


def _unknown(given: str, where: str) -> BadSetting:
    meant = difflib.get_close_matches(
        given.removeprefix(ENVIRONMENT_PREFIX).lower().replace("-", "_"), SETTINGS, n=1
    )
    remedy = "remove it, or see `run.py settings` for those there are."
    if meant:
        nearest = SETTINGS[meant[0]]
        of_variable = given.startswith(ENVIRONMENT_PREFIX)
        remedy = f"did you mean {nearest.variable if of_variable else nearest.name}?"
    return BadSetting(f"{given} {where} is no setting of Triptych: {remedy}")


def _checked(setting: Setting, value: object, source: str) -> object:
    """`value` in the setting's type. Texts may spell a number; a file must say what it means."""
    try:
        checked = msgspec.convert(value, setting.type, strict=source == SETTINGS_FILE)
        setting.check(checked)
    except ValueError:  # msgspec's are such, too
        shown = repr(value) if isinstance(value, str) else str(value)
        raise BadSetting(
            f"{setting.name} is {shown} by {source}: it must be {setting.form}."
        ) from None
    return checked


def load_settings(
    flags: Mapping[str, str], environ: Mapping[str, str], toml: Mapping[str, object]
) -> Loaded:
    """Merge what was set: a flag beats the environment, that the file, and that the default.

    `flags` holds the flags that were given, by the names of their settings; `environ` the whole
    environment, of which only what begins with `TRIPTYCH_` is looked at; `toml` the file's
    contents. What is overruled is checked, too.

    Raises `BadSetting`.
    """
    by_variable = {setting.variable: setting for setting in SETTINGS.values()}
    given: list[tuple[Setting, object, str]] = []
    for name, value in toml.items():
        if name not in SETTINGS:
            raise _unknown(name, f"in {SETTINGS_FILE}")
        if name == "data":
            raise BadSetting(
                f"data is set in {SETTINGS_FILE}, which lies in the data folder: "
                "use --data or TRIPTYCH_DATA."
            )
        given.append((SETTINGS[name], value, SETTINGS_FILE))
    for variable, text in environ.items():
        if variable.startswith(ENVIRONMENT_PREFIX):
            if variable not in by_variable:
                raise _unknown(variable, "in the environment")
            given.append((by_variable[variable], text, variable))
    for name, text in flags.items():
        if name not in SETTINGS:
            raise _unknown(name, "on the command line")
        given.append((SETTINGS[name], text, SETTINGS[name].flag))

    values: dict[str, Any] = {}
    sources = dict.fromkeys(SETTINGS, "default")
    for setting, value, source in given:
        values[setting.name] = _checked(setting, value, source)
        sources[setting.name] = source
    return Loaded(Settings(**values), sources)


def data_folder(flags: Mapping[str, str], environ: Mapping[str, str]) -> Path:
    """Where the settings file must be looked for, before the settings can be loaded.

    Raises `BadSetting`.
    """
    variable = SETTINGS["data"].variable
    relevant = {variable: environ[variable]} if variable in environ else {}
    chosen = {"data": flags["data"]} if "data" in flags else {}
    return Path(load_settings(chosen, relevant, {}).settings.data)


def read_settings_file(folder: Path) -> Mapping[str, object]:
    """The contents of the settings file in the data folder; nothing if there is none.

    Raises `BadSetting` for one that can't be read.
    """
    try:
        return tomllib.loads((folder / SETTINGS_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise BadSetting(
            f"{folder / SETTINGS_FILE} can't be read: {why}; mend it, or remove it."
        ) from error


def warnings_about(settings: Settings) -> tuple[str, ...]:
    """What is allowed but probably not meant, one sentence each, to be logged at the start."""
    if settings.public_url is not None:
        return ()
    where = None
    if settings.uds is not None:
        where = "the server listens on a Unix socket"
    elif settings.host in ALL_INTERFACES:
        where = f"host is {settings.host}"
    if where is None:
        return ()
    return (
        f"{where} and public_url is not set: set it to where clients find this server, or the "
        "addresses of media in its answers lead nowhere.",
    )
