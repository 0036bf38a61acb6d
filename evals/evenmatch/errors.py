"""Everything that can go wrong by request or by circumstance, with the exit code it means."""


class EvenmatchError(Exception):
    """A failure with a sentence for a person; the sentence ends with what to do."""

    exit_code = 1


class RequestError(EvenmatchError):
    """What was asked for is wrong: a config, a card, a file or an option (exit 2)."""

    exit_code = 2


class OutsideError(EvenmatchError):
    """Something outside failed: a server, a disk, the network (exit 3). Nothing was lost."""

    exit_code = 3
