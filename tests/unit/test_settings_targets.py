"""Settings: targets, the variables in their DSN, files of variables, and schemamig.toml."""

from pathlib import Path

import pytest

from schemamig_tui.connect.environment import parse
from schemamig_tui.errors import SettingsError
from schemamig_tui.settings import Settings, load
from schemamig_tui.settings.shown import shown

STAGING = """
table = "file.t"
lock-timeout = "1s"
[targets.staging]
dsn = "postgresql://app:${PW}@${HOST}/app"
table = "target.t"
protected = true
[targets.local]
container = "spec_pg"
read-only = true
"""
VARIABLES = {"PW": "p@s:s/w%rd", "HOST": "db:5433"}


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty repository as the current folder."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(text: str, name: str = "schemamig.toml") -> None:
    Path(name).write_text(text)


def test_a_target_says_where_the_database_is_and_what_is_different_there() -> None:
    write(STAGING)
    settings = load({"target": "staging"}, VARIABLES)
    assert settings.dsn is not None
    parameters = parse("dsn", settings.dsn)
    assert (parameters["password"], parameters["host"]) == ("p@s:s/w%rd", "db")
    assert (parameters["port"], settings.table, settings.lock_timeout) == ("5433", "target.t", 1.0)
    assert (settings.protected, settings.read_only) == (True, False)
    assert settings.origins["dsn"] == "schemamig.toml: [targets.staging] dsn"
    local = load({"target": "local"}, {})
    assert (local.dsn, local.container, local.protected, local.read_only) == (
        None,
        "spec_pg",
        False,
        True,
    )


def test_a_target_stands_over_the_file_and_below_variables_but_for_the_place() -> None:
    write(STAGING)
    environ = {**VARIABLES, "SCHEMAMIG_TABLE": "env.t", "SCHEMAMIG_DSN": "service=forgotten"}
    settings = load({"target": "staging"}, environ)
    assert settings.table == "env.t"
    assert settings.origins["dsn"] == "schemamig.toml: [targets.staging] dsn"


def test_a_stronger_source_that_says_where_leaves_the_target_out() -> None:
    write(STAGING)
    settings = load({"dsn": "service=dev"}, {"SCHEMAMIG_TARGET": "staging"})
    assert settings == Settings(dsn="service=dev", table="file.t", lock_timeout=1.0)
    assert "target" not in settings.origins


def test_a_target_and_a_place_at_once_are_refused() -> None:
    write(STAGING)
    with pytest.raises(SettingsError, match="--target and --container are two databases"):
        load({"target": "staging", "container": "c"}, VARIABLES)


def test_a_file_can_name_the_target_to_take_by_default() -> None:
    write('target = "local"\ndsn = "service=dev"\n' + STAGING)
    assert load({}, {}).target == "local"
    assert load({}, {}).dsn is None
    assert load({"target": "staging"}, VARIABLES).target == "staging"


def test_targets_of_pyproject_are_named_with_their_table() -> None:
    write('[tool.schemamig-tui.targets.a]\ndsn = "host=h password=${PW}"\n', "pyproject.toml")
    settings = load({"target": "a"}, {"PW": r"it's \ so"})
    assert parse("dsn", settings.dsn or "")["password"] == r"it's \ so"
    assert settings.origins["dsn"] == "pyproject.toml: [tool.schemamig-tui.targets.a] dsn"


def test_a_variable_alone_is_the_whole_dsn() -> None:
    write('[targets.a]\ndsn = "${URL}"\n')
    assert load({"target": "a"}, {"URL": "postgresql://u:p@h/d"}).dsn == "postgresql://u:p@h/d"


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://app:geheim@h/app",
        "postgresql://app:${PW}geheim@h/app",
        "postgresql://h/app?password=geheim",
        "postgresql://h/app?p%61ssword=geheim",
        "host=h password=geheim",
        "host=h password = 'ge heim'",
        "host=h sslpassword=geheim",
        "host=h oauth_client_secret=geheim",
        "postgresql://h/app?scram_client_key=geheim",
        "postgresql://app:/geheim@h/app",
        "postgresql://app:ge/heim@h/app",
        "postgresql://app:5432/geheim@h/app?application_name=a",
        "postgresql://app:${PW}/geheim@h/app",
        "postgresql://app@corp:geheim@h/app",
        "postgresql://app%3A%67eheim@h/app",
        "postgresql://app:%24%7BPW%7Dgeheim@h/app",
        "postgresql://h/app?p%61ssword=%26geheim",
        "postgresql+psycopg://app:geheim@h/app",
        "host=h password=${PW}geheim",
        r"host=h password=\\'geheim",
        "host=h password='${PW} geheim'",
        "host=h password='geheim",
        "host=h\\npassword\\n=\\ngeheim",
    ],
)
def test_a_password_that_is_written_out_is_refused_and_not_shown(dsn: str) -> None:
    for text, where in {
        f'[targets.a]\ndsn = "{dsn}"\n': r"\[targets.a\] dsn",
        f'dsn = "{dsn}"\n': "toml: dsn",
        f'scratch = "{dsn}"\n': "toml: scratch",
    }.items():
        write(text)
        with pytest.raises(SettingsError, match=f"{where} holds a password") as caught:
            load({}, {})
        assert "heim" not in f"{caught.value.message} {caught.value.hint}"


def test_every_dsn_in_a_file_takes_its_password_from_a_variable() -> None:
    write('dsn = "host=h password=${PW}"\nscratch = "postgresql://u:${PW}@s/d"\n')
    settings = load({}, {"PW": "a b"})
    assert (settings.dsn, settings.scratch) == (
        r"host=h password=a\ b",
        "postgresql://u:a%20b@s/d",
    )
    assert load({"scratch": "host=${PW}"}, {"PW": "x"}).scratch == "host=${PW}"


def test_a_password_without_a_scheme_before_it_is_refused_as_well() -> None:
    write('dsn = "app:geheim@h/app"')
    with pytest.raises(SettingsError, match="dsn holds a password"):
        load({}, {})


@pytest.mark.parametrize(
    ("dsn", "value"),
    [
        ("app:geheim@h/app", "***"),
        ("host=h passwrd=geheim", "***"),
        ("host=h geheim", "***"),
        ("h:5432:app:app:geheim", "***"),
        ("postgres:/app:geheim@h/app", "***"),
        ("postgresql://app:ge heim@h/app", "***"),
        ("postgresql://h/app?passwrd=geheim", "***"),
        ("postgresql://h:1/app?password=x@geheim", "***"),
        ("postgresql://h/app?password=x&geheim", "***"),
        ("host=h password=x&geheim", "host=h password=***"),
        ("postgresql+psycopg://app:geheim@h/app", "postgresql+psycopg://app:***@h/app"),
        ("postgresql://h?sslpassword=geheim&user=u", "postgresql://h?sslpassword=***&user=u"),
        ("postgresql://h/app?user=u", "postgresql://h/app?user=u"),
    ],
)
def test_a_dsn_is_shown_as_far_as_its_secrets_can_be_told(
    dsn: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", dsn)
    values = {one.name: one.value for one in shown(load({"dsn": dsn}, {}))}
    assert (values["dsn"], values["DATABASE_URL"]) == (value, value)


def test_what_is_no_scratch_is_not_shown() -> None:
    values = {one.name: one.value for one in shown(load({"scratch": "host=h pwd=geheim"}, {}))}
    assert values["scratch"] == "***"
    with pytest.raises(SettingsError, match="has to be embedded, server or a DSN") as refused:
        load({"scratch": "app:geheim@h/app"}, {})
    assert "geheim" not in str(refused.value)


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://h:5432/app?application_name=a",
        "postgresql://app@h/app",
        "postgresql://app@h:5432/app?user=a@b",
        "postgresql://h:5432/a%40pp?application_name=a@b",
        "postgresql://[::1]:5432,h:1/app",
        "postgresql://app:@h/app",
        "host=h",
        "host=h password='' user=a:b@c",
        "host=h passfile=/home/app/.pgpass require_auth=scram-sha-256",
    ],
)
def test_a_dsn_without_a_password_is_taken(dsn: str) -> None:
    write(f'[targets.a]\ndsn = "{dsn}"\n')
    assert load({"target": "a"}, {}).dsn == dsn


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[targets.a]\nprotected = true", r"\[targets.a\] does not say where the database is"),
        ("[targets.a]\ndsn = 'host=h'\nprotected = 1", "protected has to be true or false"),
        ("[targets.a]\ndsn = 'host=h'\nprotectd = true", "protectd is not a setting"),
        ("[targets.a]\ndsn = 'host=${H'", "has a .* that is not the beginning of"),
        ("[targets.a]\ndsn = 'host=${UNSET}'", "dsn: the variable UNSET is not set"),
        ("targets = 3", "targets has to be a table of tables"),
        ("[targets.b]\ndsn = 'host=h'", "--target: there is no target a"),
        ("", "--target: there is no target a"),
    ],
)
def test_an_error_in_a_target_names_its_place(text: str, message: str) -> None:
    write(text)
    with pytest.raises(SettingsError, match=message):
        load({"target": "a"}, {})


def test_schemamig_toml_goes_before_pyproject_in_the_same_folder() -> None:
    write('[tool.schemamig-tui]\ntable = "p.t"\n', "pyproject.toml")
    write('\ufefftable = "s.t"\n')
    settings = load({}, {})
    assert (settings.table, settings.origins["table"]) == ("s.t", "schemamig.toml: table")


def test_a_pyproject_without_our_table_hides_none_above_it(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write('table = "s.t"\n')
    below = repository / "app"
    below.mkdir()
    (below / "pyproject.toml").write_text('[project]\ndependencies = ["schemamig-tui"]\n')
    monkeypatch.chdir(below)
    assert load({}, {}).table == "s.t"


# -- files of variables


def test_a_file_of_variables_fills_in_what_is_not_set() -> None:
    write(
        "\ufeff# comment\n\nexport SCHEMAMIG_TABLE=e.t # note\nA='it #1 $x'\n"
        'B="a\\"b\\nc" # note\nC = x#y\nD=\nE=file\n',
        ".env",
    )
    settings = load({"env-file": ".env"}, {"E": "set"})
    assert settings.table == "e.t"
    assert settings.origins["table"] == ".env: SCHEMAMIG_TABLE"
    assert settings.variables == {
        "SCHEMAMIG_TABLE": "e.t",
        "A": "it #1 $x",
        "B": 'a"b\nc',
        "C": "x#y",
        "D": "",
    }


def test_a_file_of_variables_gives_a_target_its_password() -> None:
    write('env-file = ".env"\n[targets.a]\ndsn = "postgresql://u:${PW}@h/d"\n')
    write("PW=x y\n", ".env")
    assert load({"target": "a"}, {}).dsn == "postgresql://u:x%20y@h/d"


@pytest.mark.parametrize("line", ["geheim", "A='geheim", 'A="geheim" more', "1A=geheim"])
def test_a_line_that_is_none_is_named_and_not_shown(line: str) -> None:
    write(f"X=1\n{line}\n", ".env")
    with pytest.raises(SettingsError, match=r"^\.env:2 is not a line NAME=value$"):
        load({"env-file": ".env"}, {})


def test_a_file_of_variables_that_is_not_there_is_an_error() -> None:
    with pytest.raises(SettingsError, match="SCHEMAMIG_ENV_FILE: nowhere cannot be read"):
        load({}, {"SCHEMAMIG_ENV_FILE": "nowhere"})


def test_a_file_of_variables_under_nobodys_home_is_an_error() -> None:
    with pytest.raises(SettingsError, match=r"^SCHEMAMIG_ENV_FILE begins with a ~"):
        load({}, {"SCHEMAMIG_ENV_FILE": "~no-such-user/.env"})
