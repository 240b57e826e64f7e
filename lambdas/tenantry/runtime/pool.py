"""The user pool, as operators and the reconciliation read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tenantry.model.errors import BadRequestError
from tenantry.model.identifiers import InvalidIdentifierError, UserId, user_id
from tenantry.model.names import name_or

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_cognito_idp.type_defs import AttributeTypeTypeDef

    from tenantry.runtime.mailbox import Mailbox

PAGE: Final = 60
"""The most users that the pool lists at once."""
UNCONFIRMED: Final = "UNCONFIRMED"
# An account that an operator has made, and that nobody has signed in to yet, is none of them.
_CONFIRMED: Final = frozenset({"CONFIRMED", "RESET_REQUIRED", "EXTERNAL_PROVIDER"})


@dataclass(frozen=True, kw_only=True)
class PoolUser:
    """An account of the user pool.

    Attributes
    ----------
    user_id
        Its user name there.
    email, name
        Whatever the account says; `email` may not be verified.
    email_verified
        Whether the pool has seen that the address is theirs.
    status, enabled
        As the pool has them.
    created, modified
        When the account was made and last changed.
    """

    user_id: UserId
    email: str
    name: str
    email_verified: bool
    status: str
    enabled: bool
    created: datetime
    modified: datetime

    @property
    def confirmed(self) -> bool:
        """Whether the person has shown that the account is theirs."""
        return self.status in _CONFIRMED

    @classmethod
    def of(cls, found: Mapping[str, Any], attributes: Iterable[AttributeTypeTypeDef]) -> PoolUser:
        """Read an answer of the pool.

        Raises
        ------
        InvalidIdentifierError
            Its user name is not a user id of ours.
        """
        values = {attribute["Name"]: attribute.get("Value", "") for attribute in attributes}
        return cls(
            user_id=user_id(found["Username"]),
            email=values.get("email", ""),
            name=name_or(values.get("name"), ""),  # people can change it in the pool, which takes any text
            email_verified=values.get("email_verified") == "true",
            status=found["UserStatus"],
            enabled=found["Enabled"],
            created=found["UserCreateDate"],
            modified=found["UserLastModifiedDate"],
        )


@dataclass
class UserPool:
    """Reads a user pool.

    Attributes
    ----------
    client
        Cognito.
    pool
        The pool's id.
    """

    client: CognitoIdentityProviderClient
    pool: str

    def find(self, user: UserId) -> PoolUser | None:
        """Return an account at this moment; None if there is none."""
        try:
            found = self.client.admin_get_user(UserPoolId=self.pool, Username=user)
        except self.client.exceptions.UserNotFoundException:
            return None
        return PoolUser.of(found, found["UserAttributes"])

    def named(self, subject: str) -> PoolUser | None:
        """Return the account with this `sub`, which is not the user name of a federated account."""
        found = self.client.list_users(UserPoolId=self.pool, Filter=f'sub = "{user_id(subject)}"', Limit=1)["Users"]
        return PoolUser.of(found[0], found[0]["Attributes"]) if found else None

    def page(
        self, after: str | None = None, *, limit: int = PAGE, email: Mailbox | None = None
    ) -> tuple[Sequence[PoolUser], str | None]:
        """Return a page of accounts, and after what the next one begins; None at the end.

        The pool's list lags behind its accounts by moments. Accounts whose user name is no user id are left out.

        Parameters
        ----------
        after
            Where the page before has ended.
        limit
            How many at most, up to `PAGE`.
        email
            Only the account with this address, which holds neither quotes nor backslashes.

        Raises
        ------
        BadRequestError
            `after` is nothing that the pool has given out.
        """
        more: Any = {
            **({"PaginationToken": after} if after else {}),
            **({"Filter": f'email = "{email}"'} if email else {}),
        }
        try:
            answer = self.client.list_users(UserPoolId=self.pool, Limit=limit, **more)
        except self.client.exceptions.InvalidParameterException:
            if after is None:
                raise
            raise BadRequestError("Invalid `after`: give `next` of the previous page") from None
        users = []
        for found in answer["Users"]:
            try:
                users.append(PoolUser.of(found, found["Attributes"]))
            except InvalidIdentifierError:
                continue
        return users, answer.get("PaginationToken")
