"""What can go wrong, said in one line that a person can act on."""


class CloudsError(Exception):
    """A local cloud cannot do what was asked; the message says why and what to do."""


class CephUnavailable(CloudsError):
    """Ceph's packages can be had neither from this system nor from its repositories."""
