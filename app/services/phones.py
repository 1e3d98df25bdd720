"""Telephone numbers and e-mail addresses: what is one, and how it is written down."""

import re

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType

from app.services.errors import RuleError

FRANCE = "FR"
# Where numbers are dialled with a 0 in front as in France, so that none of them need be told apart by hand.
OVERSEAS = ("GP", "MQ", "GF", "RE", "YT")
# The region of a site's calendar, where it is another one than France.
REGIONS = {
    "guadeloupe": "GP",
    "saint-barthelemy": "GP",
    "saint-martin": "GP",
    "martinique": "MQ",
    "guyane": "GF",
    "reunion": "RE",
    "mayotte": "YT",
    "saint-pierre-et-miquelon": "PM",
    "nouvelle-caledonie": "NC",
    "polynesie-francaise": "PF",
    "wallis-et-futuna": "WF",
}
# Kept free by the French regulator for films and examples: the library takes them for unassigned.
FICTION = re.compile(r"\+3363998[0-9]{4}")
WRITTEN = re.compile(r"[0-9\s().+/-]+")
MOBILES = {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}
# Not those that cost whoever calls them, nor those of services.
PERSONAL = MOBILES | {PhoneNumberType.FIXED_LINE, PhoneNumberType.VOIP, PhoneNumberType.PERSONAL_NUMBER}


def region_of(calendar: str) -> str:
    """The region (ISO 3166) in which numbers are dialled at a site with this calendar."""
    return REGIONS.get(calendar, FRANCE)


def parse_phone(text: str, region: str = FRANCE) -> str:
    """The number as E.164, such as +33639980001, from how people of a region write it.

    Without +, it is a number of the region, else of France, else of an overseas department.
    Raises RuleError: phone none ("no_phone"), a number of services or at extra cost ("no_personal_phone").
    """
    found = next(filter(None, (_parsed(text, each) for each in (region, FRANCE, *OVERSEAS))), None)
    if found is None:
        raise RuleError("phone", "no_phone")
    number = phonenumbers.format_number(found, PhoneNumberFormat.E164)
    if not FICTION.fullmatch(number) and phonenumbers.number_type(found) not in PERSONAL:
        raise RuleError("phone", "no_personal_phone")
    return number


def can_receive_sms(number: str) -> bool:
    """Whether an E.164 number is that of a mobile telephone, or may be one."""
    parsed = phonenumbers.parse(number)
    return bool(FICTION.fullmatch(number)) or phonenumbers.number_type(parsed) in MOBILES


def parse_email(text: str) -> str:
    """The e-mail address, its domain in small letters; RuleError ("no_email") for none.

    Only its form is looked at: whether it exists is known once something was sent there.
    """
    try:
        return validate_email(text.strip(), check_deliverability=False).normalized
    except EmailNotValidError:
        raise RuleError("email", "no_email") from None


def _parsed(text: str, region: str) -> PhoneNumber | None:
    # The library would also find a number among words, and read words as keys of a telephone.
    if not WRITTEN.fullmatch(text):
        return None
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    is_fiction = FICTION.fullmatch(phonenumbers.format_number(number, PhoneNumberFormat.E164))
    return number if is_fiction or phonenumbers.is_valid_number(number) else None
