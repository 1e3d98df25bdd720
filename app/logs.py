"""Keeps the secrets of links out of everything that is logged."""

import logging
import re

LINK = re.compile(r"/l/[^\s/?\"']+")


class LinkFilter(logging.Filter):
    """Replaces the token in the address of a link."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Lets every record pass, without its tokens."""
        record.msg, record.args = LINK.sub("/l/[link]", record.getMessage()), ()
        if record.exc_info:
            record.exc_text = LINK.sub("/l/[link]", logging.Formatter().formatException(record.exc_info))
        return True


def init_logging() -> None:
    """Filters the loggers that may see an address: ours, the web server's."""
    for name in ("app", "gunicorn.error", "gunicorn.access", "werkzeug"):
        logging.getLogger(name).addFilter(LinkFilter())
