"""The actions of a simulated Asterisk that have to do with the session, variables and the database.

Pure. The answers are those of a live Asterisk 22.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from pystrix.ami._message import Event
from pystrix.testing.ami._answers import Answer, ListAnswer, Refused
from pystrix.testing.ami._messages import ACTIONS, read_mask
from pystrix.testing.ami._registry import BUILTINS, builtin
from pystrix.testing.ami._session import Pending, Session

if TYPE_CHECKING:
    from pystrix.testing.ami._requests import ReceivedAction

_VALUE_LIMIT = 1023  # bytes; what Getvar gives of a longer value


@builtin("Challenge")
def _challenge(session: Session, action: ReceivedAction) -> Answer:
    if action.get("AuthType", "").lower() != "md5":
        return Refused("Must specify AuthType")
    session.challenge = session.challenge or session.host.new_challenge()
    return {"Challenge": session.challenge}


@builtin("Login")
def _login(session: Session, action: ReceivedAction) -> Answer | Pending:
    host = session.host
    if session.user is not None:
        return "Already authenticated"
    user = host.users.get(action.get("Username", "").lower())
    if user is None or not _is_right(session, action, user.secret):
        host.after(host.login_delay, lambda: session.end_login(action, "Authentication failed"))
        return Pending()
    session.user = user
    if "Events" in action:
        session.mask = read_mask(action["Events"])
    if host.fully_booted:
        session.deliver(*host.fully_booted_event())
    return "Authentication accepted"


def _is_right(session: Session, action: ReceivedAction, secret: str) -> bool:
    if "AuthType" not in action:
        return action.get("Secret") == secret
    digest = hashlib.md5((session.challenge + secret).encode(), usedforsecurity=False)
    is_md5 = action["AuthType"].lower() == "md5"
    return is_md5 and bool(session.challenge) and action.get("Key") == digest.hexdigest()


@builtin("Logoff")
def _logoff(session: Session, action: ReceivedAction) -> Pending:
    session.say_goodbye(action)
    return Pending()


@builtin("Ping")
def _ping(session: Session, _: ReceivedAction) -> Answer:
    return {"Ping": "Pong", "Timestamp": f"{session.host.time:.6f}"}


@builtin("Events")
def _events(session: Session, action: ReceivedAction) -> Answer:
    if not action.get("EventMask"):
        return Refused("Invalid event mask")
    session.mask = read_mask(action["EventMask"])
    return {"Events": "On" if session.mask else "Off"}


@builtin("UserEvent")
def _user_event(session: Session, action: ReceivedAction) -> Answer:
    known = ("action", "actionid", "userevent")
    pairs = [("UserEvent", action.get("UserEvent", ""))]
    if action.action_id:
        pairs.append(("ActionID", action.action_id))
    pairs += [pair for pair in action.all_items() if pair[0].lower() not in known]
    session.host.emit("UserEvent", pairs)
    return "Event Sent"


@builtin("ListCommands")
def _list_commands(session: Session, _: ReceivedAction) -> Answer:
    names = {ACTIONS[name].NAME: ACTIONS[name].CLASSES for name in BUILTINS}
    names |= session.host.scripted_actions()
    return {
        name: f"{name}.  (Priv: {','.join((*names[name], 'all')) if names[name] else '<none>'})"
        for name in sorted(names)
        if session.may(name.lower())
    }


@builtin("Command")
def _command(session: Session, action: ReceivedAction) -> Answer:
    line = action.get("Command", "")
    if not line:
        return Refused("No command provided")
    output = session.host.commands.get(line)
    if output is None:
        hint = f"(type 'core show help {line}' for other possible commands)"
        return Refused("Command output follows", [("Output", f"No such command '{line}' {hint}")])
    text = output() if callable(output) else output
    return {"Message": "Command output follows", "Output": text.removesuffix("\n").split("\n")}


@builtin("CoreSettings")
def _core_settings(session: Session, _: ReceivedAction) -> Answer:
    return {
        "AMIversion": session.host.ami_version,
        "AsteriskVersion": session.host.version,
        "SystemName": "",
        "CoreMaxCalls": 0,
        "CoreMaxLoadAvg": "0.000000",
        "CoreRunUser": "",
        "CoreRunGroup": "",
        "CoreMaxFilehandles": 0,
        "CoreRealTimeEnabled": "No",
        "CoreCDRenabled": "Yes",
        "CoreHTTPenabled": "No",
        "SoundsSearchCustomDir": "No",
    }


@builtin("CoreStatus")
def _core_status(session: Session, _: ReceivedAction) -> Answer:
    date, clock = session.host.started_text.split()
    return {
        "CoreStartupDate": date,
        "CoreStartupTime": clock,
        "CoreReloadDate": date,
        "CoreReloadTime": clock,
        "CoreCurrentCalls": len(session.host.channels),
        "CoreProcessedCalls": len(session.host.calls),
    }


@builtin("ModuleCheck")
def _module_check(session: Session, action: ReceivedAction) -> Answer:
    if action.get("Module", "").removesuffix(".so") in session.host.modules:
        return {"Version": ""}
    return Refused("Module not loaded")


# Variables and the database.


@builtin("Getvar")
def _getvar(session: Session, action: ReceivedAction) -> Answer:
    name = action.get("Variable", "")
    if not name:
        return Refused("No variable specified")
    variables = session.host.variables
    if action.get("Channel"):
        variables = session.host.channel_or_refuse(action["Channel"], "No such channel").variables
    value = variables.get(name, "").encode("utf-8", "surrogateescape")[:_VALUE_LIMIT]
    return {"Variable": name, "Value": value.decode("utf-8", "surrogateescape")}


@builtin("Setvar")
def _setvar(session: Session, action: ReceivedAction) -> Answer:
    name, value = action.get("Variable", ""), action.get("Value", "")
    if not name:
        return Refused("No variable specified")
    if action.get("Channel"):
        channel = session.host.channel_or_refuse(action["Channel"], "No such channel")
        channel.set_variable(name, value)
    else:
        session.host.set_variable(name, value)
    return "Variable Set"


@builtin("DBGet")
def _db_get(session: Session, action: ReceivedAction) -> Answer:
    family, key = _entry(action, ".")
    value = session.host.database.get(f"{family}/{key}")
    if value is None:
        return Refused("Database entry not found")
    return ListAnswer([_entry_event("DBGetResponse", key, value, family)], message=_RESULT)


@builtin("DBPut")
def _db_put(session: Session, action: ReceivedAction) -> Answer:
    family, key = _entry(action, "")
    session.host.database[f"{family}/{key}"] = action.get("Val", "")
    return "Updated database successfully"


@builtin("DBDel")
def _db_del(session: Session, action: ReceivedAction) -> Answer:
    family, key = _entry(action, ".")
    if session.host.database.pop(f"{family}/{key}", None) is None:
        return Refused("Database entry could not be deleted")
    return "Key deleted successfully"


@builtin("DBGetTree")
def _db_get_tree(session: Session, action: ReceivedAction) -> Answer:
    prefix = "/".join(filter(None, (action.get("Family"), action.get("Key"))))
    found = [
        _entry_event("DBGetTreeResponse", f"/{name}", value)
        for name, value in sorted(session.host.database.items())
        if not prefix or name == prefix or name.startswith(f"{prefix}/")
    ]
    return ListAnswer(found, message=_RESULT)


_RESULT = "Result will follow"


def _entry(action: ReceivedAction, stop: str) -> tuple[str, str]:
    """Give family and key, which have to be there."""
    for header in ("Family", "Key"):
        if not action.get(header):
            raise Refused(f"No {header.lower()} specified{stop}")
    return action["Family"], action["Key"]


def _entry_event(name: str, key: str, value: str, family: str | None = None) -> Event:
    lines = [f"Event: {name}", *([] if family is None else [f"Family: {family}"])]
    return Event([*lines, f"Key: {key}", f"Val: {value}", "ActionID: "])
