"""Specification of the settings: which source wins, and what a person who got one wrong is told."""

from pathlib import Path
from typing import Any

import pytest

from server.settings import (
    SETTINGS,
    BadSetting,
    Settings,
    data_folder,
    load_settings,
    read_settings_file,
    warnings_about,
)


def refusal(
    flags: dict[str, str] | None = None,
    environ: dict[str, str] | None = None,
    toml: dict[str, object] | None = None,
) -> str:
    with pytest.raises(BadSetting) as raised:
        load_settings(flags or {}, environ or {}, toml or {})
    return str(raised.value)


def test_nothing_set_gives_the_defaults_and_says_so():
    loaded = load_settings({}, {}, {})
    assert loaded.settings == Settings()
    assert (loaded.settings.host, loaded.settings.port) == ("127.0.0.1", 8000)
    assert loaded.settings.rate_limits == "on"
    assert set(loaded.sources.values()) == {"default"}
    assert set(loaded.sources) == set(SETTINGS)


def test_a_flag_beats_the_environment_which_beats_the_file_which_beats_the_default():
    flags, environ, toml = {"port": "1"}, {"TRIPTYCH_PORT": "2"}, {"port": 3}
    by_flag = load_settings(flags, environ, toml)
    by_environment = load_settings({}, environ, toml)
    by_file = load_settings({}, {}, toml)
    assert [loaded.settings.port for loaded in (by_flag, by_environment, by_file)] == [1, 2, 3]
    assert [loaded.sources["port"] for loaded in (by_flag, by_environment, by_file)] == [
        "--port",
        "TRIPTYCH_PORT",
        "triptych.toml",
    ]


def test_texts_become_what_the_setting_is():
    loaded = load_settings({"image_threads": "4"}, {"TRIPTYCH_RATE_LIMITS": "off"}, {})
    assert loaded.settings.image_threads == 4
    assert loaded.settings.rate_limits == "off"


def test_the_rest_of_the_environment_is_nobodys_business():
    assert load_settings({}, {"PATH": "/bin", "PORT": "1"}, {}).settings == Settings()


@pytest.mark.parametrize(
    ("flags", "environ", "toml", "expected"),
    [
        (
            {},
            {"TRIPTYCH_PROT": "80"},
            {},
            "TRIPTYCH_PROT in the environment is no setting of Triptych: "
            "did you mean TRIPTYCH_PORT?",
        ),
        (
            {},
            {},
            {"log_lvel": "info"},
            "log_lvel in triptych.toml is no setting of Triptych: did you mean log_level?",
        ),
        (
            {},
            {"TRIPTYCH_QQQQ": ""},
            {},
            "TRIPTYCH_QQQQ in the environment is no setting of Triptych: "
            "remove it, or see `run.py settings` for those there are.",
        ),
        (
            {"port": "70000"},
            {},
            {},
            "port is '70000' by --port: it must be a whole number from 0 to 65535.",
        ),
        (
            {},
            {"TRIPTYCH_FAN_OUT": "shove"},
            {},
            "fan_out is 'shove' by TRIPTYCH_FAN_OUT: "
            "it must be one of hybrid, push, pull, threshold, lossy.",
        ),
        (
            {},
            {},
            {"image_threads": True},
            "image_threads is True by triptych.toml: it must be a whole number from 1 to 64.",
        ),
        (
            {},
            {},
            {"port": "8000"},
            "port is '8000' by triptych.toml: it must be a whole number from 0 to 65535.",
        ),
        (
            {},
            {},
            {"data": "elsewhere"},
            "data is set in triptych.toml, which lies in the data folder: "
            "use --data or TRIPTYCH_DATA.",
        ),
    ],
)
def test_a_bad_setting_is_named_with_its_source_and_the_remedy(
    flags: dict[str, str], environ: dict[str, str], toml: dict[str, object], expected: str
):
    assert refusal(flags, environ, toml) == expected


@pytest.mark.parametrize("text", ["", "-1", "8_000", "80.5", "null", "１", " 80 ", "0x50"])  # noqa: RUF001
def test_a_port_is_digits_and_nothing_else(text: str):
    assert "port" in refusal(environ={"TRIPTYCH_PORT": text})


@pytest.mark.parametrize(
    "text",
    ["", "photos.example.org", "ftp://x", "https://x/", "https://x y", "https://x?q", "null"],
)
def test_a_public_url_is_an_http_address_that_paths_can_be_put_after(text: str):
    assert "public_url" in refusal(environ={"TRIPTYCH_PUBLIC_URL": text})
    assert "public_url" in refusal(toml={"public_url": text})


def test_a_bad_value_is_found_even_where_another_overrules_it():
    assert "TRIPTYCH_PORT" in refusal(flags={"port": "1"}, environ={"TRIPTYCH_PORT": "x"})


def test_the_data_folder_is_known_before_its_file_is_read():
    environ = {"TRIPTYCH_DATA": "there", "TRIPTYCH_NONSENSE": "1"}
    assert data_folder({}, {}) == Path("data")
    assert data_folder({}, environ) == Path("there")
    assert data_folder({"data": "here"}, environ) == Path("here")


def test_a_folder_without_a_file_sets_nothing(tmp_path: Path):
    assert read_settings_file(tmp_path) == {}
    assert read_settings_file(tmp_path / "not made yet") == {}


def test_the_file_is_toml(tmp_path: Path):
    (tmp_path / "triptych.toml").write_text('port = 8080\nlog = "json"\n')
    assert read_settings_file(tmp_path) == {"port": 8080, "log": "json"}


@pytest.mark.parametrize("content", [b"port = ", b"\xff\xfe", b"a = 1\na = 2"])
def test_a_file_that_is_no_toml_is_refused_by_name(tmp_path: Path, content: bytes):
    (tmp_path / "triptych.toml").write_bytes(content)
    with pytest.raises(BadSetting, match=r"triptych\.toml can't be read"):
        read_settings_file(tmp_path)


@pytest.mark.parametrize("where", [{"host": "0.0.0.0"}, {"host": "::"}, {"uds": "/run/t.socket"}])
def test_listening_where_nobody_finds_it_without_a_public_url_warns(where: dict[str, Any]):
    (warning,) = warnings_about(Settings(**where))
    assert "public_url" in warning
    assert warnings_about(Settings(**where, public_url="https://photos.example.org")) == ()
    assert warnings_about(Settings()) == ()


def test_every_setting_says_what_it_does_and_what_it_may_be():
    for setting in SETTINGS.values():
        assert setting.help.endswith("."), f"{setting.name} has no help"
        assert setting.form
        if setting.default is not None:
            assert load_settings({setting.name: str(setting.default)}, {}, {})
