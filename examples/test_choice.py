from choice import choose


def test_choice(place_call):
    record = place_call(choose, caller="1")
    assert record.heard == ["welcome"]
    assert record.variables["CHOICE"] == "1"
    assert record.status == "SUCCESS"


def test_nobody_answers(place_call):
    record = place_call(choose, caller="2")
    assert record.variables["DIALSTATUS"] == "NOANSWER"
    assert record.duration > 30


def test_somebody_answers(place_call):
    def dial(channel, data):
        assert data == "PJSIP/desk2,30"
        yield 20  # they talk
        channel.values.set("DIALSTATUS", "ANSWER")

    record = place_call(choose, caller="2", applications={"Dial": dial})
    assert record.variables["DIALSTATUS"] == "ANSWER"
