"""What an installation is told from outside, and what is said about what it cannot mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from regulars.platform.settings import SettingMalformed, SmtpSettings, described_settings, read_settings


def test_nothing_said_means_a_folder_here_and_port_8080(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = read_settings({})
    assert (settings.data, settings.host, settings.port) == (tmp_path / "regulars-data", "127.0.0.1", 8080)
    assert (settings.role, settings.database_url, settings.smtp) == ("all", None, None)


def test_the_command_line_goes_before_the_environment_and_that_before_the_default() -> None:
    said = {"REGULARS_PORT": "9000", "REGULARS_DATA": "/srv/shop"}
    assert read_settings(said, port=None).port == 9000
    assert read_settings(said, port=9100).port == 9100
    assert read_settings(said, default_data="elsewhere").data == Path("/srv/shop")


def test_a_misspelt_setting_names_its_neighbour() -> None:
    with pytest.raises(SettingMalformed, match=r"REGULARS_DATABSE_URL.*REGULARS_DATABASE_URL"):
        read_settings({"REGULARS_DATABSE_URL": "postgresql:///x"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REGULARS_PORT", "eighty"),
        ("REGULARS_PORT", "70000"),
        ("REGULARS_ROLE", "king"),
        ("REGULARS_DATABASE_URL", "mysql://db"),
        ("REGULARS_PUBLIC_URL", "shop.example"),
        ("REGULARS_SMTP_URL", "http://mail.example"),
        ("REGULARS_SMTP_URL", "smtp://mail.example:port"),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused_by_the_settings_name(name: str, value: str) -> None:
    with pytest.raises(SettingMalformed, match=value if name == "REGULARS_ROLE" else name):
        read_settings({name: value})


@pytest.mark.parametrize(
    ("url", "settings"),
    [
        ("smtp://u:p%40ss@mail.example", SmtpSettings("mail.example", 587, "starttls", "u", "p@ss")),
        ("smtps://mail.example", SmtpSettings("mail.example", 465, "tls", None, None)),
        ("smtp+plain://127.0.0.1:2525", SmtpSettings("127.0.0.1", 2525, "none", None, None)),
    ],
)
def test_the_way_mail_goes_is_one_url(url: str, settings: SmtpSettings) -> None:
    assert read_settings({"REGULARS_SMTP_URL": url}).smtp == settings


def test_a_password_is_not_shown_when_settings_are() -> None:
    settings = read_settings({"REGULARS_SMTP_URL": "smtp://u:secret@mail.example"})
    assert "secret" not in repr(settings)


def test_months_of_the_log_are_counted_from_three_and_need_a_warehouse() -> None:
    assert read_settings({}).log_months is None
    assert read_settings({"REGULARS_LOG_MONTHS": "24"}).log_months == 24
    for value in ("2", "0", "-3", "a year", "1201"):
        with pytest.raises(SettingMalformed, match="REGULARS_LOG_MONTHS"):
            read_settings({"REGULARS_LOG_MONTHS": value})
    with pytest.raises(SettingMalformed, match="REGULARS_WAREHOUSE_URL"):
        read_settings({"REGULARS_LOG_MONTHS": "24", "REGULARS_WAREHOUSE_URL": "none"})


def test_every_setting_is_described() -> None:
    assert all(name.startswith("REGULARS_") and meaning for name, meaning in described_settings().items())
