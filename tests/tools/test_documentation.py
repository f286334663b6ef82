"""Reading Asterisk's documentation: what is included, what short forms mean, what carries over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tools.catalogue.documentation import Documentation, Parameter

if TYPE_CHECKING:
    from pathlib import Path

REPORTS = (
    "/docs/managerEvent[@name='Report']/managerEventInstance/syntax"
    "/parameter[contains(@name, 'ReportX')]"
)
HEAD = '<docs xmlns:xi="http://www.w3.org/2001/XInclude">'
SAMPLE = """
<manager name="Login" module="builtin">
  <syntax>
    <parameter name="ActionID"/>
    <parameter name="Username" required="true"/>
    <parameter name="Events">
      <xi:include xpointer="xpointer(/docs/manager[@name='Mask']/syntax/parameter/enumlist)"/>
    </parameter>
  </syntax>
</manager>
<manager name="Mask" module="builtin">
  <syntax>
    <parameter name="EventMask" required="yes">
      <enumlist><enum name="on"><para>All.</para></enum><enum name="off"/></enumlist>
    </parameter>
    <parameter name="Prose"><xi:include xpointer="xpointer(/docs/info/para[1])"/></parameter>
  </syntax>
</manager>
<manager name="Twice" module="app_one">
  <syntax><parameter name="A" required="true"/></syntax>
</manager>
<manager name="Twice" module="app_two">
  <syntax><parameter name="A"/><parameter name="B"/></syntax>
</manager>
<manager name="List" module="builtin">
  <syntax>
    <xi:include
     xpointer="xpointer(/docs/manager[@name='Login']/syntax/parameter[@name='ActionID'])"/>
  </syntax>
  <responses>
    <list-elements>
      <xi:include xpointer="xpointer(docs/managerEvent[@name='Item'])"/>
      <managerEvent name="Inner">
        <managerEventInstance class="EVENT_FLAG_COMMAND">
          <syntax><bridge_snapshot prefix="To"/></syntax>
        </managerEventInstance>
      </managerEvent>
    </list-elements>
    <managerEvent name="ListComplete">
      <managerEventInstance class="EVENT_FLAG_COMMAND">
        <syntax><parameter name="ListItems"/></syntax>
      </managerEventInstance>
    </managerEvent>
  </responses>
</manager>
<managerEvent name="Item" module="builtin">
  <managerEventInstance class="EVENT_FLAG_CALL">
    <syntax>
      <channel_snapshot/>
      <channel_snapshot prefix="Dest"/>
      <xi:include
       xpointer="xpointer(%s)"/>
    </syntax>
  </managerEventInstance>
</managerEvent>
<managerEvent name="Report" module="builtin">
  <managerEventInstance class="EVENT_FLAG_REPORTING">
    <syntax>
      <parameter name="PT"/><parameter name="ReportXLSR"/><parameter name="ReportXDLSR"/>
    </syntax>
  </managerEventInstance>
</managerEvent>
""".replace("%s", REPORTS)


def read(text: str, folder: Path) -> Documentation:
    """Read documentation."""
    path = folder / "core-en_US.xml"
    path.write_text(f"{HEAD}{text}</docs>", encoding="utf-8")
    return Documentation(path)


def test_actions(tmp_path: Path) -> None:
    """Names, what is required, and values carry over, of what is included as well."""
    found = read(SAMPLE, tmp_path).actions
    assert list(found) == ["Login", "Mask", "Twice", "List"]
    assert found["Login"].parameters == (
        Parameter("ActionID"),
        Parameter("Username", required=True),
        Parameter("Events", values=("on", "off")),
    )
    assert found["Mask"].parameters == (
        Parameter("EventMask", required=True, values=("on", "off")),
        Parameter("Prose"),
    )
    assert found["List"].parameters == (Parameter("ActionID"),)


def test_the_same_twice(tmp_path: Path) -> None:
    """Two modules that document the same are one; what the first says goes before."""
    found = read(SAMPLE, tmp_path).actions["Twice"]
    assert found.module == "app_one"
    assert found.parameters == (Parameter("A", required=True), Parameter("B"))


def test_lists(tmp_path: Path) -> None:
    """What answers an action carries over, with the events that are described there alone."""
    documentation = read(SAMPLE, tmp_path)
    action = documentation.actions["List"]
    assert action.items == ("Item", "Inner")
    assert action.complete == "ListComplete"
    assert set(documentation.inner_events) == {"Inner", "ListComplete"}
    assert documentation.inner_events["ListComplete"].parameters == (Parameter("ListItems"),)
    assert documentation.inner_events["ListComplete"].event_class == "command"
    names = [parameter.name for parameter in documentation.inner_events["Inner"].parameters]
    assert names[0] == "ToBridgeUniqueid"
    assert len(names) == 8


def test_events(tmp_path: Path) -> None:
    """Channels are spelled out, each with its prefix."""
    event = read(SAMPLE, tmp_path).events["Item"]
    assert event.event_class == "call"
    assert event.channels == ("", "Dest")
    names = [parameter.name for parameter in event.parameters]
    assert names[:2] == ["Channel", "ChannelState"]
    assert names[14:16] == ["DestChannel", "DestChannelState"]
    assert names[28:] == ["ReportXLSR", "ReportXDLSR"]
    states = next(one for one in event.parameters if one.name == "DestChannelStateDesc")
    assert "Ringing" in states.values


def test_include_of_nothing(tmp_path: Path) -> None:
    """An include that leads nowhere is an error, not a header that is missing."""
    text = """
    <manager name="A" module="m"><syntax>
      <xi:include xpointer="xpointer(/docs/manager[@name='Nobody']/syntax/parameter)"/>
    </syntax></manager>
    """
    with pytest.raises(ValueError, match=r"leads nowhere.*Nobody"):
        read(text, tmp_path)
