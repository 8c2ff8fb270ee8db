"""Mailing: an outbox of whole messages that leave by SMTP, each until a server has taken it."""

import os
import smtplib
import ssl
import tomllib
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Literal, get_args

from rs_governance.errors import ConfigInvalid

MAIL_FILE = "mail.toml"
"""File in the folder of a store that says by which server mail goes."""

OUTBOX = "outbox"
"""Folder of a store in which messages wait for a server."""

Tls = Literal["none", "starttls", "ssl"]
"""How the connection is kept secret."""

_SECONDS = 20


@dataclass(frozen=True, kw_only=True)
class MailServer:
    """By which server mail goes."""

    host: str
    """Name of the server."""
    port: int
    """Port."""
    sender: str
    """Address that mail comes from."""
    tls: Tls = "starttls"
    """How the connection is kept secret."""
    user: str | None = None
    """Account, where the server asks for one."""
    password_variable: str | None = None
    """Environment variable that holds its password; a password is never in a file."""
    ca_file: str | None = None
    """Certificate of a private authority that signed the server's, where there is one."""


@dataclass(frozen=True, kw_only=True)
class Unsent:
    """A message that no server took."""

    file: str
    """Its file in the outbox."""
    to: str
    """Its receiver."""
    problem: str
    """What the server or the network said."""


def read_mail_server(path: Path) -> MailServer:
    """Read which server to use.

    Parameters
    ----------
    path
        TOML file with host, port, from, and where wanted tls (none, starttls, ssl), user, password_variable,
        ca_file.

    Raises
    ------
    ConfigInvalid
        When it cannot be read, or lacks something.
    """
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigInvalid(
            f"The mail settings '{path.name}' cannot be read: {error}; write host, port, from."
        ) from None
    known = {"host": str, "port": int, "from": str, "tls": str, "user": str, "password_variable": str, "ca_file": str}
    odd = [name for name, value in content.items() if name not in known or not isinstance(value, known[name])]
    odd += [name for name in ("host", "port", "from") if name not in content]
    if "@" not in content.get("from", "@") or content.get("tls", "none") not in get_args(Tls):
        odd.append("from" if "@" not in content.get("from", "@") else "tls")
    if odd:
        raise ConfigInvalid(
            f"'{path.name}' was expected to hold host, port, from (an address) and, where wanted, tls ({', '.join(get_args(Tls))}), "
            f"user, password_variable, ca_file; {', '.join(odd)} is missing, unknown or of another kind."
        )
    return MailServer(sender=content.pop("from"), **content)


def put_into_outbox(message: EmailMessage, folder: Path, name: str) -> Path:
    """Keep a message until it is sent; the same name is the same message.

    Parameters
    ----------
    message
        The whole message.
    folder
        The outbox; made where it is missing.
    name
        Name of the file without its suffix.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.eml"
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        file.write(message.as_bytes(policy=policy.SMTP))
        file.flush()
        os.fsync(file.fileno())
    return partial.replace(path)


def send_outbox(folder: Path, server: MailServer) -> tuple[list[str], list[Unsent]]:
    """Send every message that waits; one that is taken leaves the outbox, one that is refused stays for the next time.

    Parameters
    ----------
    folder
        The outbox.
    server
        Where to.

    Returns
    -------
    tuple
        Receivers of what was sent, and what was not, with the reason.
    """
    sent: list[str] = []
    unsent: list[Unsent] = []
    connection: smtplib.SMTP | None = None
    dead: Exception | None = None
    for file in sorted(folder.glob("*.eml")):
        message = message_from_bytes(file.read_bytes(), policy=policy.default)
        try:
            if dead is not None:
                raise dead
            connection = connection or _connect(server)
            connection.send_message(message)
        except (OSError, smtplib.SMTPException) as error:
            unsent.append(Unsent(file=file.name, to=str(message["To"]), problem=_told(error)))
            # Who cannot be reached now is not asked again for each message; who only refuses this one is.
            if connection is None:
                dead = error
            elif not isinstance(error, smtplib.SMTPResponseException | smtplib.SMTPRecipientsRefused):
                connection = None
            continue
        file.unlink()
        sent.append(str(message["To"]))
    if connection is not None:
        connection.close()
    return sent, unsent


def _connect(server: MailServer) -> smtplib.SMTP:
    context = ssl.create_default_context(cafile=server.ca_file)
    if server.tls == "ssl":
        connection: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=_SECONDS, context=context)
    else:
        connection = smtplib.SMTP(server.host, server.port, timeout=_SECONDS)
        if server.tls == "starttls":
            connection.starttls(context=context)
    if server.user is not None:
        connection.login(server.user, os.environ.get(server.password_variable or "", ""))
    return connection


def _told(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error.decode("utf-8", "replace") if isinstance(error.smtp_error, bytes) else error.smtp_error
        return f"{error.smtp_code} {text}"
    return str(error) or type(error).__name__
