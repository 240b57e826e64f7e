/** Error messages for users: what is wrong and what to do. Unlisted errors get a general message. */

const ACCOUNT_EXISTS =
  "An account with this e-mail address already exists. Sign in, reset your password, or confirm the address.";
const COGNITO_MESSAGES: Record<string, string> = {
  AliasExistsException: ACCOUNT_EXISTS,
  CodeDeliveryFailureException: "The code could not be sent to this e-mail address. Check the address and try again.",
  CodeMismatchException: "The code is wrong. Enter the code from the latest e-mail.",
  ExpiredCodeException: "The code has expired. Request a new code.",
  InvalidParameterException: "A field has an invalid value. Check what you entered and try again.",
  InvalidPasswordException: "The password does not meet every rule. Choose another password.",
  LimitExceededException: "Too many attempts. Wait a few minutes, then try again.",
  NetworkError: "No network connection. Check your network and try again.",
  NotAuthorizedException: "The e-mail address or the password is wrong. Check both, or reset your password.",
  PasswordHistoryPolicyViolationException: "You have used this password before. Choose another password.",
  TooManyFailedAttemptsException: "Too many attempts. Wait a few minutes, then try again.",
  TooManyRequestsException: "Too many requests. Wait a moment, then try again.",
  UserLambdaValidationException: "The request could not be completed. Try again in a moment.",
  UsernameExistsException: ACCOUNT_EXISTS,
  UserNotFoundException: "The e-mail address or the password is wrong. Check both, or reset your password.",
};
const UNKNOWN_ERROR = "Something went wrong on our side. Try again in a moment, or contact support.";
const BLOCKED = "This account is blocked. Contact support.";
const NEW_PASSWORD_REQUIRED = "The password of this account is no longer valid. Choose a new password.";
const INVALID_NAME = "Your name contains invisible characters. Type it instead of pasting it.";

/** The start of an API's message if another tenant is active than the page shows. */
const OTHER_TENANT = "Expected-Tenant ";

/** Return the message for an error of sign-up or sign-in. */
export function authErrorMessage(error: unknown): string {
  const { name = "", message = "" } = (error ?? {}) as { name?: string; message?: string };
  if (name === "NotAuthorizedException" && /attempts exceeded/i.test(message))
    return COGNITO_MESSAGES.TooManyFailedAttemptsException as string;
  if (needsNewPassword(error)) return NEW_PASSWORD_REQUIRED;
  if (isBlocked(error)) return BLOCKED;
  if (isHookError(error, /name must not contain/i)) return INVALID_NAME;
  return COGNITO_MESSAGES[name] ?? UNKNOWN_ERROR;
}

/** Whether Cognito issues no tokens until the user has chosen a new password. */
export const needsNewPassword = (error: unknown): boolean => isHookError(error, /choose a new password/i);

/** Whether Cognito issues no tokens because the account is blocked or deleted. */
export const isBlocked = (error: unknown): boolean => isHookError(error, /blocked|deleted/i);

/** Whether Cognito issues no tokens to this session because the account's address has changed. */
export const requiresSignIn = (error: unknown): boolean => isHookError(error, /sign in again/i);

function isHookError(error: unknown, reason: RegExp): boolean {
  const { name = "", message = "" } = (error ?? {}) as { name?: string; message?: string };
  return name === "UserLambdaValidationException" && reason.test(message);
}

/** Whether a code for a new password was refused because the address is not confirmed. */
export function isUnconfirmed(error: unknown): boolean {
  const { name = "", message = "" } = (error ?? {}) as { name?: string; message?: string };
  return name === "UserNotConfirmedException" || (name === "InvalidParameterException" && /verified/i.test(message));
}

/** Whether a confirmation failed only because the address is already confirmed. */
export function isAlreadyConfirmed(error: unknown): boolean {
  const { name = "", message = "" } = (error ?? {}) as { name?: string; message?: string };
  return /^(NotAuthorized|InvalidParameter)Exception$/.test(name) && /confirmed/i.test(message);
}

/** An error response of an API, with the message for the user. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly serverMessage: string,
  ) {
    super(apiErrorMessage(status, serverMessage));
    this.name = "ApiError";
  }

  /** Whether the API refused because another tenant is active than the page shows. */
  get isOtherTenant(): boolean {
    return this.status === 409 && this.serverMessage.startsWith(OTHER_TENANT);
  }
}

function apiErrorMessage(status: number, serverMessage: string): string {
  if (status === 0) return COGNITO_MESSAGES.NetworkError as string;
  if (status === 403)
    return /^(Only|Tenant is) /.test(serverMessage)
      ? serverMessage
      : "Your roles in this tenant do not allow this. Ask an admin of the tenant.";
  if (status === 404) return "It does not exist, or it was removed. Reload the page.";
  if (status === 409 && serverMessage.startsWith(OTHER_TENANT))
    return "Nothing was changed: you switched to another tenant in another tab or window. Check the active tenant, then try again.";
  if (status === 409)
    return serverMessage || "This conflicts with a change that was made meanwhile. Reload the page and try again.";
  if (status === 413) return "The request is too large: at most 4 MB can be sent. Send less.";
  if (status === 429) return COGNITO_MESSAGES.TooManyRequestsException as string;
  if (status === 400 && serverMessage) return serverMessage;
  return UNKNOWN_ERROR;
}

/** Return the message for any error of a request. */
export function errorMessage(error: unknown): string {
  return error instanceof ApiError ? error.message : UNKNOWN_ERROR;
}

/** Return the message for an error of an account change, from Cognito or an API. */
export const accountErrorMessage = (error: unknown): string =>
  error instanceof ApiError ? error.message : authErrorMessage(error);
