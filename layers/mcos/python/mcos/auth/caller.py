"""Who calls: the account of a bearer token."""

from mcos.auth import revocation, tokens
from mcos.auth.tokens import Claims
from mcos.aws import AWS_ERRORS, is_throttled
from mcos.catalog.access import accessing
from mcos.errors import CatalogUnavailable


def verified(token: str) -> Claims:
    """Return the claims of a token that is good now.

    No network call while the cached keys and the cached registry are young enough.

    Raises
    ------
    TokenExpired, TokenInvalid, TokenRevoked, CatalogUnavailable
    """
    try:
        claims = tokens.claims_of(token)
    except AWS_ERRORS as error:
        if is_throttled(error):
            raise
        raise CatalogUnavailable("The keys of tokens cannot be read; try again.") from error
    # Who may only read is still let through where there are no strong reads.
    with accessing(may_be_stale=True):
        revocation.check(claims.account, claims.begun_at, claims.session)
    return claims
