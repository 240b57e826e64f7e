/** Errors in a person's words. What is not listed is not guessed at. */

const TAKEN =
  "An account with this e-mail address already exists. Sign in, reset your password, or confirm the address.";
const WORDS: Record<string, string> = {
  AliasExistsException: TAKEN,
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
  UsernameExistsException: TAKEN,
  UserNotFoundException: "The e-mail address or the password is wrong. Check both, or reset your password.",
};
const OTHERWISE = "Something went wrong on our side. Try again in a moment, or contact support.";
const BLOCKED = "This account is blocked. Contact support.";
const MUST_CHOOSE = "The password of this account is no longer valid. Choose a new password.";
const UNUSABLE_NAME = "Your name contains invisible characters. Type it instead of pasting it.";

/** What an API answers where the request would act in another tenant than the page shows. */
const OTHER_TENANT = "Expected-Tenant names another tenant";

/** Say what went wrong with signing up or in. */
export function signingWords(error: unknown): string {
  const { name = "", message = "" } = (error ?? {}) as { name?: string; message?: string };
  if (name === "NotAuthorizedException" && /attempts exceeded/i.test(message))
    return WORDS.TooManyFailedAttemptsException as string;
  if (needsNewPassword(error)) return MUST_CHOOSE;
  if (isBlocked(error)) return BLOCKED;
  if (isRefusedByHook(error, /name must not contain/i)) return UNUSABLE_NAME;
  return WORDS[name] ?? OTHERWISE;
}

/** Whether no tokens are issued until the person has chosen a new password. */
export const needsNewPassword = (error: unknown): boolean => isRefusedByHook(error, /choose a new password/i);

/** Whether no tokens are issued because an operator has blocked the account, or it is deleted. */
export const isBlocked = (error: unknown): boolean => isRefusedByHook(error, /blocked|deleted/i);

/** Whether no tokens are issued to this session, because the account's address has changed. */
export const mustSignInAgain = (error: unknown): boolean => isRefusedByHook(error, /sign in again/i);

function isRefusedByHook(error: unknown, why: RegExp): boolean {
  const { name = "", message = "" } = (error ?? {}) as { name?: string; message?: string };
  return name === "UserLambdaValidationException" && why.test(message);
}

/** Whether a code for a new password was refused because the address is not confirmed. */
export function isUnconfirmed(error: unknown): boolean {
  const { name = "", message = "" } = (error ?? {}) as { name?: string; message?: string };
  return name === "UserNotConfirmedException" || (name === "InvalidParameterException" && /verified/i.test(message));
}

/** Whether confirming, or asking for its code, failed only because it was done before. */
export function isConfirmedAlready(error: unknown): boolean {
  const { name = "", message = "" } = (error ?? {}) as { name?: string; message?: string };
  return /^(NotAuthorized|InvalidParameter)Exception$/.test(name) && /confirmed/i.test(message);
}

/** An API's refusal, with what to tell the person. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly said: string,
  ) {
    super(apiWords(status, said));
    this.name = "ApiError";
  }

  /** Whether nothing was done because another tenant is active than the page shows. */
  get isOtherTenant(): boolean {
    return this.status === 409 && this.said.startsWith(OTHER_TENANT);
  }
}

function apiWords(status: number, said: string): string {
  if (status === 0) return WORDS.NetworkError as string;
  if (status === 403)
    return /^(Only|Tenant is) /.test(said)
      ? said
      : "Your roles in this tenant do not allow this. Ask an admin of the tenant.";
  if (status === 404) return "It does not exist, or it was removed. Reload the page.";
  if (said.startsWith(OTHER_TENANT))
    return "Nothing was changed: you switched to another tenant in another tab or window. Check the active tenant, then try again.";
  if (status === 409)
    return said || "This conflicts with a change that was made meanwhile. Reload the page and try again.";
  if (status === 413) return "The request is too large: at most 4 MB can be sent. Send less.";
  if (status === 429) return WORDS.TooManyRequestsException as string;
  if (status === 400 && said) return said;
  return OTHERWISE;
}

/** Say what went wrong with a request, whatever it was. */
export function wordsOf(error: unknown): string {
  return error instanceof ApiError ? error.message : OTHERWISE;
}

/** Say what went wrong with a change of the account, which asks Cognito and our APIs. */
export const accountWords = (error: unknown): string =>
  error instanceof ApiError ? error.message : signingWords(error);
