"""The refusals of the portal: each carries one Chinese sentence for the person who caused it."""


class PortalError(Exception):
    """A rule refused the act. ``str(error)`` says in Chinese what is wrong and what to do."""


class StaleState(PortalError):
    """Somebody else was faster; the page shown is no longer true."""

    def __init__(self, message: str = "已被他人处理，请查看最新情况后再操作。") -> None:
        super().__init__(message)


class NotAllowed(PortalError):
    """The role or the moment does not permit the act."""


class Closed(NotAllowed):
    """The deadline that applies has passed."""
