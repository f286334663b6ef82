"""A small bank by telephone: a menu, a balance behind a PIN, the opening hours, an operator.

`test_bank.py` tests it without Asterisk. The dialplan, in extensions.conf:

    exten => 100,1,AGI(agi://127.0.0.1/bank)
"""

from pystrix.agi import AGIDBError, FastAGIServer, core

server = FastAGIServer(port=0 if __name__ != "__main__" else 4573)


def menu(prompt, keys, tries=3):
    """Give the key that the caller chose; None after too many tries."""
    for _ in range(tries):
        chosen = yield core.GetOption(prompt, escape_digits=keys, timeout=4000)
        if chosen:
            return chosen.digit
    return None


def stored(family, key):
    """Give a value of Asterisk's database, None if there is none."""
    try:
        return (yield core.DatabaseGet(family, key))
    except AGIDBError:
        return None


def account_of_caller(tries=3):
    """Ask for account and PIN; give the account, None if the caller knows no PIN."""
    for _ in range(tries):
        account = (yield core.GetData("bank/account", timeout=5000, max_digits=4)).digits
        pin = (yield core.GetData("bank/pin", timeout=5000, max_digits=4)).digits
        if pin and pin == (yield from stored("pins", account)):
            return account
        yield core.StreamFile("bank/wrong")
    return None


@server.script("bank")
def bank(agi):
    agi.execute(core.Answer())
    agi.execute(core.StreamFile("bank/welcome"))
    match agi.execute(menu("bank/menu", "120")):
        case "1":
            balance(agi)
        case "2":
            agi.execute(core.StreamFile("bank/opening-hours"))
        case "0":
            agi.execute(core.Exec("Dial", ["PJSIP/operator", "30"]))
    agi.execute(core.StreamFile("bank/goodbye"))


def balance(agi):
    account = agi.execute(account_of_caller())
    if account is None:
        agi.execute(core.SetVariable("REASON", "no PIN"))
        return
    agi.execute(core.StreamFile("bank/your-balance"))
    agi.execute(core.SayNumber(int(agi.execute(core.DatabaseGet("balances", account)))))


if __name__ == "__main__":
    with server:
        server.serve_forever()
