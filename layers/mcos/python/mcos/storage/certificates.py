"""A service's own certificates, as files: SDKs take a path, and settings have the text."""

import atexit
import ssl
from functools import cache
from pathlib import Path
from tempfile import mkstemp

from mcos.storage.contract import BackendMisconfigured


def check_certificates(text: str) -> None:
    """Refuse what is no certificate in PEM.

    Raises
    ------
    BackendMisconfigured
    """
    try:
        trusted = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        trusted.load_verify_locations(cadata=text)
        is_good = bool(trusted.get_ca_certs())
    except (ssl.SSLError, ValueError):
        is_good = False
    if not is_good:
        raise BackendMisconfigured(
            "ca_certificate must have the certificate of an authority (CA:TRUE), as PEM"
        )


@cache
def certificates_file(text: str) -> str:
    """Return the path of a file with certificates, which is there until the process ends."""
    handle, path = mkstemp(prefix="mcos-certificates-", suffix=".pem")
    atexit.register(Path(path).unlink, missing_ok=True)
    with open(handle, "w") as file:
        file.write(text)
    return path
