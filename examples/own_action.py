"""Two ways to a command that has no class: by its name, and by a class of one's own."""

from pystrix.agi import Action, AGIAppError, Command, FastAGIServer, Response

server = FastAGIServer()


class Extension(Action[int]):
    """Reads the extension of the call as a number."""

    def __init__(self) -> None:
        super().__init__("GET VARIABLE", "EXTEN")

    def process_response(self, response: Response) -> int:
        value = response.items["result"].data
        if not value.isdigit():
            raise AGIAppError(f"not a number: {value!r}", response.items)
        return int(value)


@server.script("own")
def own(agi):
    by_name = agi.execute(Command("GET VARIABLE", "EXTEN"))  # a Response
    extension = agi.execute(Extension())  # an int, known to a type checker
    agi.execute(Command("VERBOSE", f"{by_name.items['result'].data} is {extension}"))


if __name__ == "__main__":
    with server:
        server.serve_forever()
