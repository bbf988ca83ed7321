"""Settings: flags > environment > pyproject.toml > defaults, and clear errors."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import schemamig_tui
from schemamig_tui.errors import SettingsError
from schemamig_tui.settings import Settings, default_embedded_directory, load


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty repository as the current folder, so that no pyproject.toml above it is read."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def pyproject(folder: Path, table: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "pyproject.toml").write_text(f"[tool.schemamig-tui]\n{table}\n")


def test_nothing_given_gives_the_defaults() -> None:
    assert load({}, {}) == Settings()


def test_a_flag_beats_the_environment_beats_pyproject_beats_the_default(repository: Path) -> None:
    pyproject(repository, 'table = "p.t"\ncontainer = "p"\nwait = 1')
    environ = {"SCHEMAMIG_TABLE": "e.t", "SCHEMAMIG_CONTAINER": "e"}
    settings = load({"table": "f.t"}, environ)
    assert (settings.table, settings.container, settings.wait) == ("f.t", "e", 1.0)
    assert settings.directory == Path("migrations")


def test_every_setting_can_come_from_flags() -> None:
    flags = {
        "dir": "sql",
        "table": "t",
        "connection": "docker",
        "container": "c",
        "start-container": True,
        "wait": "2.5",
        "lock-timeout": "500ms",
        "color": False,
    }
    assert load(flags, {}) == Settings(
        directory=Path("sql"),
        table="t",
        connection="docker",
        container="c",
        start_container=True,
        wait=2.5,
        lock_timeout=0.5,
        color=False,
    )


def test_every_setting_can_come_from_the_environment() -> None:
    environ = {
        "SCHEMAMIG_DIR": "sql",
        "SCHEMAMIG_TABLE": "t",
        "SCHEMAMIG_CONNECTION": "environment",
        "SCHEMAMIG_CONTAINER": "c",
        "SCHEMAMIG_START_CONTAINER": "true",
        "SCHEMAMIG_DSN": "service=dev",
        "SCHEMAMIG_WAIT": "30",
        "SCHEMAMIG_LOCK_TIMEOUT": "1min",
        "NO_COLOR": "1",
    }
    assert load({}, environ) == Settings(
        directory=Path("sql"),
        table="t",
        connection="environment",
        container="c",
        start_container=True,
        dsn="service=dev",
        wait=30.0,
        lock_timeout=60.0,
        color=False,
    )


def test_an_empty_variable_counts_as_not_set() -> None:
    assert load({}, {"SCHEMAMIG_DSN": "", "SCHEMAMIG_WAIT": "", "NO_COLOR": ""}) == Settings()


def test_a_tilde_stands_for_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    assert load({"dir": "~/sql"}, {}).directory == Path("/home/ada/sql")


# -- where the database is


@pytest.mark.parametrize(
    "flag", [{"embedded": "pg"}, {"connection": "docker"}, {"container": "spec_pg"}]
)
def test_a_flag_that_says_where_overrules_a_forgotten_dsn(flag: dict[str, str]) -> None:
    assert load(flag, {"SCHEMAMIG_DSN": "service=production"}).dsn is None


def test_a_dsn_flag_overrules_an_embedded_server_of_the_environment() -> None:
    settings = load({"dsn": "service=dev"}, {"SCHEMAMIG_EMBEDDED": "pg"})
    assert (settings.dsn, settings.embedded) == ("service=dev", None)


def test_a_flag_about_something_else_leaves_the_dsn() -> None:
    assert load({"dir": "sql"}, {"SCHEMAMIG_DSN": "service=dev"}).dsn == "service=dev"


def test_a_dsn_and_an_embedded_server_at_once_are_refused() -> None:
    with pytest.raises(SettingsError, match="--dsn and --embedded are two databases"):
        load({"dsn": "service=dev", "embedded": "pg"}, {})


def test_embedded_without_a_folder_means_the_default_one() -> None:
    assert load({"embedded": True}, {}).embedded == default_embedded_directory()


@pytest.mark.parametrize(
    ("text", "folder"),
    [
        ("1", default_embedded_directory()),
        ("True", default_embedded_directory()),
        ("0", None),
        ("false", None),
        ("./1", Path("1")),
    ],
)
def test_a_variable_can_switch_the_embedded_server_on_and_off(
    text: str, folder: Path | None
) -> None:
    assert load({}, {"SCHEMAMIG_EMBEDDED": text}).embedded == folder


def test_the_default_folder_of_the_embedded_server_is_the_users_data(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    assert default_embedded_directory() == Path(
        "/home/somebody/.local/share/schemamig-tui/embedded"
    )
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert default_embedded_directory() == Path("/data/schemamig-tui/embedded")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert default_embedded_directory() == Path("/var/lib/schemamig-tui/embedded")


def test_the_dsn_is_not_in_the_repr() -> None:
    assert "geheim" not in repr(load({"dsn": "password=geheim"}, {}))


# -- pyproject.toml


def test_the_nearest_pyproject_up_to_the_root_of_the_repository_counts(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pyproject(repository, 'dir = "sql"\nembedded = "pg"')
    below = repository / "app" / "src"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    settings = load({}, {})
    assert settings.directory == repository / "sql"
    assert settings.embedded == repository / "pg"


def test_a_pyproject_above_the_repository_is_not_read(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pyproject(repository, 'table = "above.it"')
    inner = repository / "inner"
    (inner / ".git").mkdir(parents=True)
    monkeypatch.chdir(inner)
    assert load({}, {}) == Settings()


def test_a_path_of_a_pyproject_in_the_current_folder_stays_short(repository: Path) -> None:
    pyproject(repository, 'dir = "sql"')
    assert load({}, {}).directory == Path("sql")


def test_embedded_and_color_are_switches_in_pyproject(repository: Path) -> None:
    pyproject(repository, "embedded = true\ncolor = false")
    settings = load({}, {})
    assert settings.embedded == default_embedded_directory()
    assert not settings.color


def test_the_keys_of_the_ui_are_a_table_of_pyproject(repository: Path) -> None:
    pyproject(repository, '[tool.schemamig-tui.keys]\nzoom = "f5"')
    settings = load({}, {})
    assert settings.keys == {"zoom": "f5"}
    assert settings.origins["keys"] == "pyproject.toml: [tool.schemamig-tui.keys]"
    pyproject(repository, "keys = { zoom = 5 }")
    with pytest.raises(SettingsError, match="keys has to be a table of strings"):
        load({}, {})


def test_a_broken_pyproject_without_a_word_of_us_is_not_our_business(repository: Path) -> None:
    (repository / "pyproject.toml").write_text("[project\n")
    assert load({}, {}) == Settings()


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ('tabel = "x"', r"pyproject\.toml: \[tool\.schemamig-tui\] tabel is not a setting"),
        ("table = 3", "table has to be a string"),
        ('wait = "30"', "wait has to be a number"),
        ("wait = true", "wait has to be a number"),
        ("wait = -1", "wait has to be a number of seconds"),
        ('color = "no"', "color has to be true or false"),
        ("lock-timeout = 5", "lock-timeout has to be a string"),
        ('lock-timeout = "5"', "lock-timeout has to be a time with its unit"),
        ('connection = "ssh"', "connection is 'ssh', but has to be"),
        ('dir = ""', "dir is empty"),
        ('dsn = "service=dev"\nembedded = "pg"', "dsn and .* embedded are two databases"),
        ("table = ", "pyproject.toml is not valid: .*line 2"),
    ],
)
def test_an_error_in_pyproject_names_the_file_and_the_key(
    repository: Path, table: str, message: str
) -> None:
    pyproject(repository, table)
    with pytest.raises(SettingsError, match=message):
        load({}, {})


def test_a_table_that_is_none_is_refused(repository: Path) -> None:
    (repository / "pyproject.toml").write_text("[tool]\nschemamig-tui = 3\n")
    with pytest.raises(SettingsError, match="has to be a table"):
        load({}, {})


# -- values


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1ms", 0.001), ("2s", 2.0), ("1.5s", 1.5), (" 1 min ", 60.0), ("2h", 7200.0), ("0", None)],
)
def test_a_duration_has_a_unit(text: str, seconds: float | None) -> None:
    assert load({"warn-after": text}, {}).warn_after == seconds


@pytest.mark.parametrize("text", ["5", "", "s", "-1s", "2 weeks", "1e3s", "0.4ms", "0s", "600h"])
def test_a_duration_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="--lock-timeout has to be"):
        load({"lock-timeout": text}, {})


@pytest.mark.parametrize("text", ["soon", "-1", "nan", "inf", "30s"])
def test_a_wait_that_is_no_number_of_seconds_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="SCHEMAMIG_WAIT has to be a number of seconds"):
        load({}, {"SCHEMAMIG_WAIT": text})


@pytest.mark.parametrize(("text", "on"), [("1", True), ("True", True), ("0", False)])
def test_a_switch_is_true_or_false(text: str, on: bool) -> None:
    assert load({}, {"SCHEMAMIG_START_CONTAINER": text}).start_container is on
    with pytest.raises(SettingsError, match="SCHEMAMIG_START_CONTAINER has to be true or false"):
        load({}, {"SCHEMAMIG_START_CONTAINER": f"{text}?"})


@pytest.mark.parametrize("name", ["dir", "table", "container", "dsn", "embedded"])
def test_an_empty_flag_is_most_likely_an_unset_variable(name: str) -> None:
    with pytest.raises(SettingsError, match=f"--{name} is empty; was a variable not set"):
        load({name: ""}, {})


def test_an_embedded_folder_that_is_empty_does_not_mean_none(repository: Path) -> None:
    pyproject(repository, 'embedded = ""')
    with pytest.raises(SettingsError, match="embedded is empty"):
        load({}, {})


def test_a_folder_of_nobody_is_refused() -> None:
    with pytest.raises(SettingsError, match="--dir begins with a ~"):
        load({"dir": "~nobody-of-this-name/sql"}, {})


def test_loading_imports_no_toml_reader_where_there_is_no_pyproject(repository: Path) -> None:
    code = """
import sys
from schemamig_tui.settings import load
load({}, {})
heavy = {"tomllib", "psycopg", "textual", "docker", "asyncio"} & sys.modules.keys()
sys.exit(f"imported {heavy}" if heavy else 0)
"""
    environ = {**os.environ, "PYTHONPATH": str(Path(schemamig_tui.__file__).parents[1])}
    run = subprocess.run([sys.executable, "-c", code], cwd=repository, env=environ, check=False)
    assert run.returncode == 0


def test_a_variable_that_is_none_of_ours_is_told_without_its_value() -> None:
    environ = {
        "SCHEMAMIG_LOCK_TIMOUT": "geheim",
        "SCHEMAMIG_": "x",
        "SCHEMAMIG_EMPTY": "",
        "SCHEMAMIG_DEBUG": "x",
        "SCHEMAMIG_PG_BINDIR": "x",
        "SCHEMAMIG_ZZZ": "geheim",
        "OTHER_SCHEMAMIG_X": "x",
        "SCHEMAMIG_DIR": "x",
    }
    assert load({}, environ).warnings == (
        "SCHEMAMIG_LOCK_TIMOUT is not a setting, and not used."
        " Did you mean SCHEMAMIG_LOCK_TIMEOUT?",
        "SCHEMAMIG_ZZZ is not a setting, and not used",
    )
    assert load({}, {}).warnings == ()


def test_a_key_that_is_mistyped_is_asked_about(repository: Path) -> None:
    pyproject(repository, 'lock-timout = "5s"')
    with pytest.raises(SettingsError) as caught:
        load({}, {})
    assert caught.value.hint == "Did you mean lock-timeout?"


def test_without_a_limit_a_rehearsal_still_has_those_of_its_own() -> None:
    for given, of_run, of_rehearsal in ((None, None, 2), ("0", 0, None), ("5s", 5, 5)):
        settings = load({"lock-timeout": given}, {})
        assert settings.limits.lock == of_run
        assert settings.rehearsal_lock_timeout == of_rehearsal
    for given, of_run, of_rehearsal in ((None, None, 60), ("0", 0, None), ("2s", 2, 2)):
        settings = load({"statement-timeout": given}, {})
        assert settings.limits.statement == of_run
        assert settings.rehearsal_statement_timeout == of_rehearsal


def test_every_value_says_what_has_given_it(repository: Path) -> None:
    pyproject(repository, 'container = "p"\nwait = 1')
    origins = load({"table": "f.t"}, {"SCHEMAMIG_WAIT": "2"}).origins
    assert origins == {
        "container": "pyproject.toml: [tool.schemamig-tui] container",
        "wait": "SCHEMAMIG_WAIT",
        "table": "--table",
    }


@pytest.mark.usefixtures("no_privileges")
def test_a_folder_in_which_settings_cannot_be_looked_for_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        monkeypatch.chdir(folder)
        Path(folder).chmod(0)
        with pytest.raises(SettingsError, match="toml cannot be looked for: Permission denied"):
            load({}, {})
