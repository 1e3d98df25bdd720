"""Turns the command that prepared the demonstration into the web server that shows it."""

import errno
import os
import socket
import sys
from typing import NoReturn

from app.settings import ROOT, Settings

CONFIGURATION = ROOT / "gunicorn.conf.py"


class PortTakenError(RuntimeError):
    """The address cannot be served on; says why and what to do."""

    def __init__(self, host: str, port: int, error: OSError) -> None:
        taken = error.errno == errno.EADDRINUSE
        why = "another program listens there" if taken else (error.strerror or str(error))
        super().__init__(
            f"cannot serve on {host}:{port}: {why}. Choose another port: make run PORT={port + 1}"
        )
        self.host, self.port = host, port


def require_free_port(host: str, port: int) -> None:
    """Raises PortTakenError unless the address can be bound now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As gunicorn does, so that connections of the last run that linger are no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError as error:
            raise PortTakenError(host, port, error) from None


def server_command() -> list[str]:
    """The server with the configuration of this application."""
    return [sys.executable, "-m", "gunicorn", "-c", str(CONFIGURATION), "wsgi:application"]


def become_server(settings: Settings) -> NoReturn:
    """Replaces this process by the server, which Ctrl+C then stops directly."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.chdir(ROOT)
    environment = os.environ | {"HOST": settings.host, "PORT": str(settings.port)}
    os.execve(sys.executable, server_command(), environment)  # noqa: S606 - our own interpreter, no shell
