"""What is left of a run outside of it: the log file, and the commands that are started after it."""

import json
import os
import socketserver
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from schemamig_tui.reporting.alerts import alert
from tests import tools
from tests.headless.conftest import Program
from tests.headless.test_readme import README
from tests.reference.event_schema import validate_event

FAILS = "CREATE TABLE b ();\nSELECT 1 / 0;"


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def settings(program: Program, **values: str) -> None:
    text = "".join(f"{key.replace('_', '-')} = {json.dumps(it)}\n" for key, it in values.items())
    program.folder.joinpath("schemamig.toml").write_text(text)


def test_every_event_of_every_run_is_appended_to_the_log_file(program: Program) -> None:
    settings(program, log_file="logs/runs.jsonl")
    program.write("0001_a.sql", "CREATE TABLE a ();")
    refused = program("--apply")
    assert refused.code == 2
    assert refused.errors[0].startswith("the log file logs/runs.jsonl cannot be written: No such")
    os.mkfifo(program.folder / "unread")
    refused = program("--apply", "--log-file", "unread")
    assert (refused.code, "the log file unread cannot be written" in refused.err) == (2, True)
    assert program("--check").code == 5, "and nothing has been run"

    program.folder.joinpath("logs").mkdir()
    shown = program("--rehearse", "--json").events
    shown += program("--apply", "--json").events
    program.write("0002_b.sql", FAILS)
    shown += program("--apply", "--json").events
    logged = lines(program.folder / "logs/runs.jsonl")
    assert len({event.pop("run") for event in logged}) == 3
    assert all(event.pop("at").endswith("+00:00") for event in logged)
    for event in logged:
        validate_event(event)
    assert logged == [event for event in shown if event["event"] != "connecting"]


def test_a_log_that_cannot_be_written_any_more_does_not_end_the_run(program: Program) -> None:
    program.write("0001_a.sql", "CREATE TABLE a ();")
    applied = program("--apply", "--log-file", "/dev/full")
    assert applied.code == 0
    assert "warning: the log file /dev/full ends early: No space left on device\n" in applied.err


def test_a_line_that_a_full_disk_has_cut_off_spoils_no_other(program: Program) -> None:
    program.write("0001_a.sql", "CREATE TABLE a ();")
    log = program.folder / "log"
    log.write_text('{"at": "2026-10-19T12:00:00.000+00:00", "run": "a')
    assert program("--apply", "--log-file", "log").code == 0
    _, *whole = log.read_text().splitlines()
    assert [json.loads(line)["event"] for line in whole][-1] == "run_finished"


def test_a_command_gets_each_run_that_did_something(program: Program) -> None:
    settings(program, on_success="cat >> good", on_failure="cat >> bad")
    good, bad = program.folder / "good", program.folder / "bad"
    program.write("0001_a.sql", "CREATE TABLE a ();")
    assert program("--rehearse").code == 0
    assert program("--apply").code == 0
    assert program("--apply").code == 0, "there is nothing to do"
    [run] = lines(good)
    assert (run["outcome"], run["applied"][0]["name"]) == ("success", "0001_a.sql")
    assert run["text"].startswith(f"1 migration applied to {run['database']['database']} (")
    assert not bad.exists()

    program.write("0002_b.sql", FAILS)
    program.write("0003_c.sql", "SELECT 1;")
    assert program("--apply").code == 1
    [run] = lines(bad)
    assert (run["outcome"], run["remaining"]) == ("failure", ["0003_c.sql"])
    assert run["failed"]["name"] == "0002_b.sql"
    assert run["failed"]["failure"]["line"] == 2
    assert run["text"].endswith("; 0002_b.sql failed: division by zero")
    assert len(lines(good)) == 1


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("echo first; echo 'no such\x1b host' >&2; exit 6", r"ended with 6: no such\x1B host"),
        ("kill -9 $$", "was ended by SIGKILL"),
        ("sleep 60", "was ended after 0.2 s"),
        ("sleep 60 & exit 3", "ended with 3"),
    ],
)
def test_a_command_that_fails_is_reported_and_the_run_stays_what_it_is(
    program: Program, command: str, problem: str
) -> None:
    program.write("0001_a.sql", "CREATE TABLE a ();")
    limit = "0.2s" if problem.endswith(" s") else "30s"
    alerts = ("--on-success", command, "--alert-timeout", limit, "--log-file", "log")
    applied = program("--apply", "--json", *alerts)
    warning = {"event": "warning", "message": f"the command of on-success {problem}"}
    assert applied.code == 0
    assert applied.events[-1] == warning
    assert warning.items() <= lines(program.folder / "log")[-1].items()


def test_what_a_command_writes_in_a_loop_does_not_fill_the_disk() -> None:
    size_of_its_output = "sleep 0.2; stat -L -c %s /proc/self/fd/1 >&2; exit 3"
    problem = alert(f"head -c 100000000 /dev/zero; {size_of_its_output}", {}, 30)
    assert problem is not None
    told, _, size = problem.partition(": ")
    assert told == "ended with 3"
    assert int(size.rpartition(r"\x00")[2]) < 2_000_000


# -- the recipes of README


@contextmanager
def serving(server: socketserver.TCPServer) -> Iterator[int]:
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def recipe(title: str) -> str:
    """The command of README under the setting whose comment has ``title``."""
    [_, found] = README.split(f"# {title}\n")
    return str(tomllib.loads(found.partition("\n\n")[0].partition("```")[0])["on-failure"])


@pytest.fixture
def failing(program: Program) -> Program:
    for tool in ("jq", "curl"):
        tools.needs(tool)
    program.write("0002_b.sql", FAILS)
    return program


def test_the_recipe_for_a_chat_posts_the_text_to_its_webhook(failing: Program) -> None:
    received: list[bytes] = []

    class Chat(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200 if len(received) == 1 else 404)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with serving(HTTPServer(("127.0.0.1", 0), Chat)) as port:
        hook = {"CHAT_WEBHOOK": f"http://127.0.0.1:{port}/hook", "no_proxy": "127.0.0.1"}
        sent = failing("--apply", "--on-failure", recipe("a chat"), **hook)
        refused = failing("--apply", "--on-failure", recipe("a chat"), **hook)
    assert sent.code == refused.code == 1
    assert "on-failure" not in sent.err
    assert "warning: the command of on-failure ended with 22: curl: (22)" in refused.err
    [text] = json.loads(received[0]).values()
    assert text.endswith("; 0002_b.sql failed: division by zero")


def test_the_recipe_for_a_mail_sends_the_text(failing: Program) -> None:
    received: list[str] = []

    class Mail(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            in_text = False
            self.wfile.write(b"220 hello\r\n")
            for line in iter(self.rfile.readline, b""):
                received.append(line.decode().rstrip())
                if in_text and line != b".\r\n":
                    continue
                in_text = line.startswith(b"DATA")
                self.wfile.write(b"354 go on\r\n" if in_text else b"250 ok\r\n")
                if line.startswith(b"QUIT"):
                    return

    with serving(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mail)) as port:
        command = recipe("a mail").replace("mail.example.com", f"127.0.0.1:{port}")
        sent = failing("--apply", "--on-failure", command, no_proxy="127.0.0.1")
    assert "on-failure" not in sent.err
    assert "RCPT TO:<team@example.com>" in received
    assert "Subject: Migrations failed" in received
    assert any(line.endswith("; 0002_b.sql failed: division by zero") for line in received)
