"""What can go wrong. No message has a secret, or a text that a service sent."""


class RescueError(Exception):
    """Base of the errors that are shown to a person as one line."""


class BadSettings(RescueError):
    """The backend's settings, or another argument, cannot be used."""


class NoSuchObject(RescueError):
    """The catalog has no such object, container or account."""


class NoCatalog(RescueError):
    """The backend has no journal, or none of the deployment that was asked for."""


class Unavailable(RescueError):
    """The service did not answer, or answered that it cannot now; a later try may succeed."""


class Refused(RescueError):
    """The service refused the credentials or the request, or its reply makes no sense."""


class NotThere(RescueError):
    """The service has nothing under that key."""


class Damaged(RescueError):
    """A part of the journal, or a replica, is not what was written."""


class Sealed(RescueError):
    """It is encrypted, and cannot be opened with what there is."""
