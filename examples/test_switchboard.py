import threading

from switchboard import connect, say

from pystrix.ami import Manager


def test_connected(ami_server, caplog):
    caplog.set_level("INFO")
    ami_server.far_end_of_others = "rings"
    with Manager() as manager:
        manager.connect(*ami_server.address, username=ami_server.username, secret=ami_server.secret)
        manager.calls.register_callback(say)
        done = []
        thread = threading.Thread(
            target=lambda: done.append(connect(manager, "PJSIP/alice", "200"))
        )
        thread.start()
        ami_server.wait_for_action("Originate")
        ami_server.calls[0].answer()
        extension = ami_server.dial(ami_server.calls[0].channel, "PJSIP/carol")  # the dialplan does
        extension.answer()
        thread.join()
        (call,) = done
        assert [channel.name for channel in call.bridged_with] == ["PJSIP/carol-00000001"]
        extension.hang_up()
        assert call.ended(5).cause == 16
    assert "bridged PJSIP/carol-00000001" in caplog.text


def test_nobody_answers(ami_server):
    ami_server.far_ends["PJSIP/alice"] = "no answer"
    with Manager() as manager:
        manager.connect(*ami_server.address, username=ami_server.username, secret=ami_server.secret)
        assert connect(manager, "PJSIP/alice", "200") is None
