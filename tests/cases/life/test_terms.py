"""Clocks, holidays, reminders, escalations, digests and e-mail."""

import ipaddress
import json
import socket
import ssl
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from aiosmtpd.controller import Controller
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from rs_governance.cases import Calendar, Clocks, clocks_of, load_clocks, read_clocks
from rs_governance.cases.life.calendars import take_holidays
from rs_governance.cases.people.digests import keep_digest, to_message, write_digest
from rs_governance.cases.people.mailing import MailServer, put_into_outbox, read_mail_server, send_outbox
from rs_governance.cases.people.reminding import is_told, level_of, read_recipients, sort_by_person, warn_of_terms
from rs_governance.errors import ConfigInvalid, LayerUnreadable

from .conftest import NOW, NUMBER, TO_VERIFYING

NATIONAL_DAY = Calendar(days={date(2026, 10, day): False for day in range(1, 8)} | {date(2026, 10, 10): True})


@pytest.mark.parametrize(
    ("start", "count", "unit", "end"),
    [
        (date(2026, 9, 30), 1, "working", date(2026, 10, 8)),
        (date(2026, 10, 8), 2, "working", date(2026, 10, 10)),
        (date(2026, 10, 8), 3, "working", date(2026, 10, 12)),
        (date(2026, 9, 30), 30, "calendar", date(2026, 10, 30)),
    ],
)
def test_terms_skip_holidays_and_count_worked_weekends(start, count, unit, end) -> None:
    assert NATIONAL_DAY.add(start, count, unit) == end
    assert NATIONAL_DAY.between(start, end, unit) == count


def test_a_year_without_holidays_is_known_to_be_so() -> None:
    clocks = Clocks(by_state=read_clocks(), calendar=NATIONAL_DAY)
    assert clocks.years_without_holidays(date(2026, 10, 1), date(2027, 1, 5)) == (2027,)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("[lost]\nunit = 'working'\ndays = 3", "to name a state"),
        ("[detected]\nunit = 'weeks'\ndays = 3", "unit 'working' or 'calendar'"),
        ("[detected]\nunit = 'working'\nred = 3", "no number of days for yellow"),
        ("[detected]\nunit = 'working'\ndays = 0", "whole days from 1"),
        ("[warnings]\nremind_at_share = 2.0", "remind_at_share"),
        ("[second_opinion]\nreject = ['blue']", "a list of red"),
        ("detected = ", "cannot be read"),
    ],
)
def test_files_of_clocks_that_make_no_sense(tmp_path, text, match) -> None:
    path = tmp_path / "clocks.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigInvalid, match=match):
        load_clocks(path)


def test_a_store_has_its_own_clocks(play) -> None:
    own = "[detected]\nunit = 'calendar'\ndays = 9\n[second_opinion]\nreject = ['red', 'yellow']\n"
    (play.store.folder / "clocks.toml").write_text(own, encoding="utf-8")
    play.clocks = clocks_of(play.store)
    play.open()
    assert play.case()["due_on"] == date(2026, 10, 24)
    play.do("reject", "wang", resolution="season")
    assert play.case()["pending"] == "reject:season:wang"


def test_holidays_are_taken_in_once_and_row_by_row(play, tmp_path) -> None:
    path = tmp_path / "holidays.csv"
    path.write_bytes(
        "日期,类型,名称\n2026/10/1,放假,国庆节\n2026-10-10,调休上班,国庆节\n2026-13-01,放假,x\n2026-10-02,也许,x\n".encode(
            "gb18030"
        )
    )
    with play.store.write() as session:
        counts, refused = take_holidays(session, path)
    assert counts == {"added": 2, "changed": 0, "same": 0}
    assert [(each.row, each.problem[:14]) for each in refused] == [(4, "'2026-13-01' i"), (5, "'也许' says neit")]
    path.write_text("date,working,name\n2026-10-01,working,改\n2026-10-10,working,国庆节\n", encoding="utf-8")
    with play.store.write() as session:
        counts, refused = take_holidays(session, path)
    assert (counts, refused) == ({"added": 0, "changed": 1, "same": 1}, ())
    assert clocks_of(play.store).calendar.days == {date(2026, 10, 1): True, date(2026, 10, 10): True}


def test_files_without_the_columns_say_which(play, tmp_path) -> None:
    path = tmp_path / "holidays.csv"
    path.write_text("day;free\n", encoding="utf-8")
    with play.store.write() as session, pytest.raises(LayerUnreadable, match="no column date / day / 日期, working"):
        take_holidays(session, path)


def case_of(**fields):
    return {
        "state": "verifying",
        "entered_at": datetime(2026, 10, 12, 1, tzinfo=UTC),
        "due_on": date(2026, 10, 19),
    } | fields


@pytest.mark.parametrize(
    ("today", "level"),
    [
        (date(2026, 10, 15), 0),  # three of five working days
        (date(2026, 10, 16), 1),  # four of five: 80 %
        (date(2026, 10, 19), 1),  # the last day is within the term
        (date(2026, 10, 20), 2),
        (date(2026, 10, 26), 2),
        (date(2026, 10, 27), 3),  # a week after it was escalated
    ],
)
def test_levels(today, level) -> None:
    clocks = Clocks(by_state=read_clocks())
    assert level_of(case_of(), today, clocks) == level
    assert level_of(case_of(state="closed"), today, clocks) == 0
    assert level_of(case_of(due_on=None), today, clocks) == 0


def warn(play):
    with play.store.write() as session:
        return [(each.case["number"], each.level) for each in warn_of_terms(session, now=play.now, clocks=play.clocks)]


def test_each_warning_is_told_once(play) -> None:
    play.open()  # Thursday the 15th; three working days end on Tuesday the 20th
    told = []
    for _ in range(20):
        told += [(play.now.date().day, level) for _, level in warn(play) + warn(play)]
        play.pass_days(1)
    assert told == [(20, 1), (21, 2), (28, 3)]
    assert [(event.action, event.actor) for event in play.events()[1:]] == [
        ("remind", "system"),
        ("escalate", "system"),
        ("escalate", "system"),
    ]
    assert play.case()["warned"] == 3


def test_an_extension_starts_the_warnings_anew(play) -> None:
    play.open()
    play.pass_days(6)
    assert warn(play) == [(NUMBER, 2)]
    play.do("extend", "li", days=5, note="大雨")
    assert warn(play) == []
    play.pass_days(7)
    assert warn(play) == [(NUMBER, 2)]


def test_a_term_that_is_changed_and_changed_back_is_told_once(play) -> None:
    play.open()
    play.run(*TO_VERIFYING)  # fifteen working days; seven where it is red
    play.pass_days(40)
    assert warn(play) == [(NUMBER, 3)]
    for severity, told in (("red", [(NUMBER, 3)]), ("yellow", []), ("red", [])):
        play.do("observe", "system", fields={"severity": severity})
        assert warn(play) == told


def test_who_is_told(play) -> None:
    play.open()
    play.run(*TO_VERIFYING)
    case = play.case()
    told = {
        level: {login for login, actor in play.actors.items() if login != "system" and is_told(case, actor, level)}
        for level in (1, 2, 3)
    }
    assert told == {1: {"chen"}, 2: {"chen", "li"}, 3: {"chen", "li", "ling"}}
    play.do("release", "chen")
    assert {login for login, actor in play.actors.items() if login != "system" and is_told(play.case(), actor, 1)} == {
        "chen",
        "yu",
        "sun",
    }


def digests(play):
    play.open()
    play.open("b")
    play.pass_days(6)
    with play.store.write() as session:
        warned = warn_of_terms(session, now=play.now, clocks=play.clocks)
        people = read_recipients(session)
        return [write_digest(person, theirs, now=play.now) for person, theirs in sort_by_person(warned, people)]


def test_one_digest_a_person(play, tmp_path) -> None:
    written = digests(play)
    assert [digest.login for digest in written] == ["li", "wang", "zhao"]
    keep_digest(written[1], tmp_path)
    text, page = (tmp_path / "wang.txt").read_text("utf-8"), (tmp_path / "wang.html").read_text("utf-8")
    for piece in (NUMBER, "2 件", "已超期，升级督办", "2026-10-20", "耕地保护变化"):
        assert piece in text
        assert piece in page
    assert "http" not in page


class Taking:
    """A mail server that refuses one receiver."""

    def __init__(self) -> None:
        self.taken: list[tuple[list[str], bytes]] = []

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("wang"):
            return "550 no such box"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.taken.append((envelope.rcpt_tos, envelope.content))
        return "250 OK"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_mail_is_sent_and_what_is_refused_stays(play, tmp_path) -> None:
    outbox = tmp_path / "outbox"
    for digest in digests(play):
        put_into_outbox(to_message(digest, sender="cases@example.org", now=play.now), outbox, digest.login)
    handler, port = Taking(), free_port()
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        sent, unsent = send_outbox(
            outbox, MailServer(host="127.0.0.1", port=port, sender="cases@example.org", tls="none")
        )
    finally:
        controller.stop()
    assert sent == ["li@example.org", "zhao@example.org"]
    assert [(each.to, "550" in each.problem) for each in unsent] == [("wang@example.org", True)]
    assert [file.name for file in outbox.iterdir()] == ["wang.eml"]
    receivers, content = handler.taken[0]
    assert receivers == ["li@example.org"]
    assert b"multipart/alternative" in content
    assert b"Message-ID: <terms." in content


def make_certificate(folder):
    """Make a key and a certificate of its own for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    certificate = (
        x509
        .CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2099, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    pem.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + certificate.public_bytes(Encoding.PEM)
    )
    return pem


def test_mail_goes_encrypted_to_a_server_that_is_known(play, tmp_path) -> None:
    pem, outbox, port = make_certificate(tmp_path), tmp_path / "outbox", free_port()
    put_into_outbox(to_message(digests(play)[0], sender="cases@example.org", now=play.now), outbox, "li")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    handler = Taking()
    controller = Controller(handler, hostname="127.0.0.1", port=port, tls_context=context, require_starttls=True)
    controller.start()
    server = MailServer(host="127.0.0.1", port=port, sender="cases@example.org")
    try:
        sent, unsent = send_outbox(outbox, server)
        assert (sent, "certificate" in unsent[0].problem.lower()) == ([], True), "an unknown server gets nothing"
        sent, unsent = send_outbox(outbox, replace(server, ca_file=str(pem)))
    finally:
        controller.stop()
    assert (sent, unsent, len(handler.taken)) == (["li@example.org"], [], 1)


def test_a_dead_server_loses_nothing(play, tmp_path) -> None:
    outbox = tmp_path / "outbox"
    for digest in digests(play):
        put_into_outbox(to_message(digest, sender="cases@example.org", now=play.now), outbox, digest.login)
    server = MailServer(host="127.0.0.1", port=free_port(), sender="cases@example.org", tls="none")
    sent, unsent = send_outbox(outbox, server)
    assert (sent, len(unsent), len(list(outbox.iterdir()))) == ([], 3, 3)
    assert "refused" in unsent[0].problem


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("host = 'x'\nport = 25", "from is missing"),
        ("host = 'x'\nport = '25'\nfrom = 'a@b'", "port"),
        ("host = 'x'\nport = 25\nfrom = 'ab'", "from"),
        ("host = 'x'\nport = 25\nfrom = 'a@b'\npassword = 'secret'", "password"),
        ("host = 'x'\nport = 25\nfrom = 'a@b'\ntls = 'maybe'", "tls"),
        ("host", "cannot be read"),
    ],
)
def test_mail_settings_that_make_no_sense(tmp_path, text, match) -> None:
    path = tmp_path / "mail.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigInvalid, match=match):
        read_mail_server(path)


def test_warnings_are_recorded_with_their_term(play) -> None:
    play.open()
    play.now = NOW + timedelta(days=6)
    warn(play)
    event = play.events()[-1]
    assert event.facts == {"level": 2, "due_on": "2026-10-20"}
    assert json.dumps(event.facts)
