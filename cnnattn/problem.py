"""What a person reads from outside the pages: the one kind of error, and marked messages."""


def message(text: str) -> str:
    """Mark an English text for the catalogue; whoever shows it translates it."""
    return text


class Problem(ValueError):
    """Bad input, told in one sentence: what is wrong, why, and what to do.

    ``template`` is English with ``{named}`` places and serves as the message id of the
    translation; ``values`` fill the places. ``str(problem)`` is the English sentence.
    """

    def __init__(self, template: str, **values: object) -> None:
        self.template = template
        self.values = values
        super().__init__(template.format(**values))
