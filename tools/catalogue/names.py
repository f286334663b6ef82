"""Names on the wire, and what they are called in Python."""

from __future__ import annotations

import builtins
import keyword
import re
from typing import Final

__all__ = ["TAKEN", "attribute_name", "class_name", "parameter_name"]

TAKEN: Final = frozenset(
    {
        "action_id",
        "all_items",
        "as_kind",
        "clear",
        "closes_list",
        "copy",
        "data",
        "fields",
        "from_wire",
        "get",
        "get_all",
        "headers",
        "items",
        "keys",
        "name",
        "pop",
        "popitem",
        "process",
        "raw",
        "setdefault",
        "update",
        "values",
    }
)
"""What every event has. The library itself is not asked, so that it can be mended from here."""

_JOINT: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_OTHER: Final = re.compile(r"[^A-Za-z0-9]+")

# Where capital letters do not tell the words, or the field has another name for the thing.
_WORDS: Final = {
    "100rel": "prack",  # the method of RFC 3262; an identifier begins with no digit
    "Accountcode": "account_code",
    "AOCBillingId": "aoc_billing_id",
    "CID-CallingPres": "calling_pres",
    "CallId": "call_id",
    "CallerIDani": "caller_id_ani",
    "CallerIDdnid": "caller_id_dnid",
    "CallerIDname": "caller_id_name",
    "CallerIDnum": "caller_id_num",
    "CallerIDrdnis": "caller_id_rdnis",
    "Callerid": "caller_id",
    "CalleridPrivacy": "caller_id_privacy",
    "CalleridTag": "caller_id_tag",
    "Callgroup": "call_group",
    "Callid": "call_id",
    "Cause-txt": "cause_text",
    "Channeltype": "channel_type",
    "CompletedFAXes": "completed_faxes",
    "DNSmanager": "dns_manager",
    "DestUniqueId": "dest_uniqueid",
    "FailedFAXes": "failed_faxes",
    "Holdtime": "hold_time",
    "IPaddress": "ip_address",
    "IPport": "ip_port",
    "LinkedID": "linkedid",
    "Logintime": "login_time",
    "MCallerIDton": "m_caller_id_ton",
    "MConnectedIDton": "m_connected_id_ton",
    "Nativeformats": "native_formats",
    "Newname": "new_name",
    "OauthClientid": "oauth_client_id",
    "Parkinglot": "parking_lot",
    "Pickupgroup": "pickup_group",
    "PreDialGoSub": "pre_dial_gosub",
    "Readformat": "read_format",
    "Readtrans": "read_translation",
    "Ringinuse": "ring_in_use",
    "Tenantid": "tenant_id",
    "ServicelevelPerf": "service_level_perf",
    "ServicelevelPerf2": "service_level_perf2",
    "TenantID": "tenant_id",
    "UniqueID": "uniqueid",
    "Userfield": "user_field",
    "Usernum": "user_number",
    "VMContext": "vm_context",
    "Wrapuptime": "wrap_up_time",
    "Writeformat": "write_format",
    "Writetrans": "write_translation",
    "bpviol": "bpviol",
}


def attribute_name(header: str) -> str:
    """Give the name of a header of an event or response as an attribute.

    A keyword, and what a message has anyway, gets an underscore behind it.
    """
    name = _words(header)
    taken = keyword.iskeyword(name) or name in TAKEN
    return f"{name}_" if taken else name


def parameter_name(header: str) -> str:
    """Give the name of a header of an action as a parameter.

    A keyword, and what Python has anyway, gets an underscore behind it.
    """
    name = _words(header)
    taken = keyword.iskeyword(name) or hasattr(builtins, name)
    return f"{name}_" if taken else name


def class_name(name: str) -> str:
    """Give the name of an action or event as a class."""
    return _OTHER.sub("", name)


def _words(header: str) -> str:
    known = _WORDS.get(header)
    return known or _OTHER.sub("_", _JOINT.sub("_", header)).strip("_").lower()
