"""The e-mail address of a person in the user pool, changed with the person's own access token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenantry.model.errors import BadRequestError, ConflictError, ForbiddenError

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient

    from tenantry.model.identifiers import UserId


class Addresses:
    """The user pool's addresses.

    Parameters
    ----------
    pool
        The user pool's client. What a person does with their own access token takes no signature of ours.
    """

    def __init__(self, pool: CognitoIdentityProviderClient) -> None:
        self._pool = pool

    def verify(self, user: UserId, access_token: str, code: str) -> None:
        """Have the pool verify the new address of a user.

        Raises
        ------
        BadRequestError
            The code is wrong or has expired.
        ConflictError
            Another account has the address.
        ForbiddenError
            The access token is invalid, or another user's.
        """
        errors = self._pool.exceptions
        try:
            if self._pool.get_user(AccessToken=access_token)["Username"] != user:
                raise ForbiddenError("The access token belongs to another user: sign in again")
            self._pool.verify_user_attribute(AccessToken=access_token, AttributeName="email", Code=code)
        except (errors.CodeMismatchException, errors.ExpiredCodeException):
            raise BadRequestError("Wrong or expired code: request a new one") from None
        except (errors.NotAuthorizedException, errors.InvalidParameterException, errors.UserNotFoundException):
            raise ForbiddenError("Invalid or expired access token: sign in again") from None
        except errors.AliasExistsException:
            raise ConflictError("Another account already uses this address") from None
