import threading

from queue_members import Members

from pystrix.ami import Backoff, Manager, events


def member(paused):
    return events.QueueMember(
        {"Queue": "sales", "Name": "Alice", "Location": "PJSIP/alice", "Paused": paused}
    )


def test_a_pause_that_ends_in_the_gap(ami_server, caplog):
    changed = threading.Event()
    with Manager(reconnect=Backoff(0, 1, 0)) as manager:
        members = Members(manager)
        manager.register_callback("QueueMemberPause", lambda *_: changed.set())
        manager.connect(*ami_server.address, username=ami_server.username, secret=ami_server.secret)
        ami_server.on("QueueStatus", [member(paused=0)])
        members.take(members.ask(manager))
        assert members.paused == {("sales", "Alice"): False}
        ami_server.send_event(
            "QueueMemberPause", {"Queue": "sales", "MemberName": "Alice", "Paused": 1}
        )
        assert changed.wait(10)
        assert members.paused == {("sales", "Alice"): True}
        ami_server.on("QueueStatus", [member(paused=0)])
        seen = threading.Event()
        manager.register_callback("Gap", lambda *_: seen.set())
        ami_server.drop()
        assert seen.wait(10)
        assert members.paused == {("sales", "Alice"): False}
    assert "heard nothing from" in caplog.text
