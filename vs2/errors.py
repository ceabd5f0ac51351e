"""The two ways in which something goes wrong, each carrying one sentence for a person.

`BadInput` is what the caller can mend (exit status 2), `Failure` what the machine or we could not
do (exit status 1). The command line prints the sentence, the pages show it; nobody shows a traceback.
"""


class Problem(Exception):
    """One clear sentence: what was wrong and what to do. `status` is the command's exit status."""

    status = 1


class BadInput(Problem, ValueError):
    """The file, the prompt, the model's name or an option cannot be used as given.

    about: the option, where the caller needs to know which one it is; "" where the sentence alone says it.
    """

    status = 2
    about = ""

    def __init__(self, *said: object, about: str = ""):
        super().__init__(*said)
        if about:
            self.about = about


class Failure(Problem, RuntimeError):
    """The input was fine: the network, the disk, the memory or the device was not."""
