/** Errors in a person's words. What is not listed is not guessed at. */

const TAKEN =
  "There is an account with this address already. Sign in, choose a new password, or confirm the address if it is not confirmed yet.";
const WORDS: Record<string, string> = {
  AliasExistsException: TAKEN,
  CodeDeliveryFailureException: "The code could not be sent to that address. Is it right?",
  CodeMismatchException: "That code is not right. Use the one in the latest message.",
  ExpiredCodeException: "That code has expired. Ask for a new one.",
  InvalidParameterException: "Something here cannot be used as it is. Check what you have entered.",
  InvalidPasswordException: "That password does not meet the rules.",
  LimitExceededException: "Too many tries. Wait a few minutes, then try again.",
  NetworkError: "No connection. Check your network and try again.",
  NotAuthorizedException: "The address or the password is wrong.",
  PasswordHistoryPolicyViolationException: "You have used that password before. Choose another.",
  TooManyFailedAttemptsException: "Too many tries. Wait a few minutes, then try again.",
  TooManyRequestsException: "Too many requests at once. Wait a moment, then try again.",
  UserLambdaValidationException: "That could not be done just now. Try again in a moment.",
  UsernameExistsException: TAKEN,
  UserNotFoundException: "The address or the password is wrong.",
};
const OTHERWISE = "Something went wrong on our side. Try again in a moment.";
const BLOCKED = "This account is blocked. Contact support.";
const MUST_CHOOSE = "Choose a new password: the one that this account was made with does not count any more.";
const UNUSABLE_NAME = "That name holds characters that cannot be seen. Type it anew, without pasting it.";

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
    return /^(Only|Tenant is) /.test(said) ? said : "Your roles do not allow this in this tenant, as of now.";
  if (status === 404) return "It is not there, or not any more.";
  if (said.startsWith(OTHER_TENANT))
    return "Nothing was done: another tenant was made active in another tab or window.";
  if (status === 409) return said || "It cannot be done as things are now.";
  if (status === 413) return "That is too large to be sent.";
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
