"""The words of administrators' pages for roles, states, events of an account and refusals."""

from typing import Any

from app.i18n import lazy_translate
from app.services.access import Role
from app.services.errors import RuleError
from app.services.staff import AccountState

ROLES = {
    Role.NURSE: lazy_translate("Nurse"),
    Role.INVESTIGATOR: lazy_translate("Investigator"),
    Role.DATA_MANAGER: lazy_translate("Data manager"),
    Role.MONITOR: lazy_translate("Monitor"),
    Role.ANALYST: lazy_translate("Analyst"),
    Role.INSPECTOR: lazy_translate("Inspector"),
    Role.ADMINISTRATOR: lazy_translate("Administrator"),
}
LANGUAGES = {"fr": lazy_translate("French"), "en": lazy_translate("English")}
STATES = {
    AccountState.ACTIVE: lazy_translate("Active"),
    AccountState.INVITED: lazy_translate("Invited"),
    AccountState.INACTIVE: lazy_translate("Deactivated"),
}
# The look of each state, as the style sheet knows them.
LOOKS = {AccountState.ACTIVE: "approved", AccountState.INVITED: "draft", AccountState.INACTIVE: "none"}
EVERYWHERE = lazy_translate("All studies")
ALL_SITES = lazy_translate("all sites")
RECRUITING = {True: lazy_translate("Recruits"), False: lazy_translate("Does not recruit")}
CALENDARS = {
    "metropole": lazy_translate("Metropolitan France"),
    "alsace-moselle": lazy_translate("Alsace-Moselle"),
}
HISTORY = {
    "create": lazy_translate("Account made"),
    "set password": lazy_translate("Password set by the person"),
    "end sessions": lazy_translate("Signed out everywhere"),
    "deactivated": lazy_translate("Account deactivated"),
    "reactivated": lazy_translate("Account reactivated"),
}
# What a page says after a change, by the key in its address.
DONE = {
    "invited": lazy_translate("The account is made. The invitation leaves by e-mail within minutes."),
    "given": lazy_translate("The role is given from now on. The person signs in again."),
    "ended": lazy_translate("The role is ended. The person signs in again."),
    "deactivated": lazy_translate("The account is deactivated and signed out everywhere."),
    "reactivated": lazy_translate("The account is active again, with the password and the roles it had."),
    "signed_out": lazy_translate("The person is signed out everywhere."),
}
# What became of an invitation by e-mail that did not go, or perhaps did not.
UNSENT = {
    "waiting": lazy_translate("Invitation waits: no e-mail leaves"),
    "failed": lazy_translate("Invitation not sent"),
    "uncertain": lazy_translate("Invitation perhaps not sent"),
    "bounced": lazy_translate("Invitation came back: check the address"),
}
RULES = {
    "no_email": lazy_translate("This is no e-mail address: one looks like name@domain.example."),
    "no_address": lazy_translate("This is no e-mail address: one looks like name@domain.example."),
    "address_taken": lazy_translate(
        "This address has an account already. Give the role on that person’s page; where you do not see it, "
        "ask an administrator of all studies."
    ),
    "role_needs_site": lazy_translate("This role is held at one site: choose the site."),
    "role_needs_study": lazy_translate("This role is held in one study: choose the study."),
    "role_held": lazy_translate("The person holds this role there already."),
    "own_last_administrator": lazy_translate(
        "This is your own last role of administrator: another administrator has to end it."
    ),
    "own_account": lazy_translate("This is your own account: another administrator has to deactivate it."),
    "account_inactive": lazy_translate("The account is deactivated: reactivate it first."),
    "wrong_password": lazy_translate("This is not your password."),
    "too_many_tries": lazy_translate("Too many tries. Wait a few minutes, then try again."),
}


def refusal(error: RuleError) -> str:
    """A refused rule as a sentence of the page's language that says what to do."""
    return str(RULES[error.rule])


def refuse(form: Any, error: RuleError) -> None:
    """Puts a refused rule at the field of the form that it names, or above the form."""
    # The place is one field of the form, whether the study or the site is at fault.
    name = "place" if error.field in {"study", "site"} else error.field
    if name in form:
        form[name].errors = [*form[name].errors, refusal(error)]
    else:
        form.form_errors.append(refusal(error))
