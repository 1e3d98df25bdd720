"""Keeps the secrets of links out of everything that is logged."""

import logging
import re

# Also where the address is part of another one, with its slashes escaped.
LINK = re.compile(r"((?:/|%2F)(?:l|password)(?:/|%2F))[^\s/?&\"'%]+", re.IGNORECASE)
HIDDEN = r"\1[link]"


class LinkFilter(logging.Filter):
    """Replaces the token in the address of a patient's or a password's link."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Lets every record pass, without its tokens."""
        record.msg, record.args = LINK.sub(HIDDEN, record.getMessage()), ()
        if record.exc_info:
            record.exc_text = LINK.sub(HIDDEN, logging.Formatter().formatException(record.exc_info))
        return True


# One for all: a logger keeps it once, however often the application is made.
LINK_FILTER = LinkFilter()


def init_logging() -> None:
    """Filters the loggers that may see an address: ours, the web server's."""
    for name in ("app", "gunicorn.error", "gunicorn.access", "werkzeug"):
        logging.getLogger(name).addFilter(LINK_FILTER)
