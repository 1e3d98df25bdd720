"""Serves the scratch study on 127.0.0.1 from this process, so that its clock can stand still."""

import logging
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from werkzeug.serving import WSGIRequestHandler, make_server

from scripts.dossier.study import ScratchStudy

HOST = "127.0.0.1"


class QuietHandler(WSGIRequestHandler):
    """Addresses hold the links of patients: no log of them, not even here."""

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - werkzeug's name
        """Says nothing."""


@contextmanager
def serving(definition: Path) -> Iterator[tuple[ScratchStudy, str]]:
    """The study of a definition file and the address of its server, until the block ends."""
    with (
        tempfile.TemporaryDirectory(prefix="dossier-") as folder,
        socket.create_server((HOST, 0)) as listener,
    ):
        url = f"http://{HOST}:{listener.getsockname()[1]}"
        source = definition.read_text("utf-8")
        study = ScratchStudy(source, definition.name, f"sqlite:///{folder}/study.sqlite", url)
        server = make_server(
            HOST, 0, study.app, threaded=True, request_handler=QuietHandler, fd=listener.fileno()
        )
        # Wording that cannot be shown is one of the screens: no alarm about it.
        level = study.app.logger.level
        study.app.logger.setLevel(logging.CRITICAL)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield study, url
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
            study.close()
            # It is the same for every application of the process.
            study.app.logger.setLevel(level)
