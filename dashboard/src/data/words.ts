/** Errors in a person's words. What is not listed is not guessed at. */

const WORDS: Record<string, string> = {
  AliasExistsException: "There is an account with this address already. Sign in, or choose a new password.",
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
  UsernameExistsException: "There is an account with this address already. Sign in, or choose a new password.",
  UserNotFoundException: "The address or the password is wrong.",
};
const OTHERWISE = "That did not work, and it is not your doing. Try again in a moment.";

/** Say what went wrong with signing up or in. */
export function signingWords(error: unknown): string {
  const { name = "", message = "" } = (error ?? {}) as { name?: string; message?: string };
  if (name === "NotAuthorizedException" && /attempts exceeded/i.test(message))
    return WORDS.TooManyFailedAttemptsException as string;
  return WORDS[name] ?? OTHERWISE;
}

/** Whether confirming failed only because it was done before: by an answer that got lost, say. */
export function isConfirmedAlready(error: unknown): boolean {
  const { name = "", message = "" } = (error ?? {}) as { name?: string; message?: string };
  return name === "NotAuthorizedException" && /confirmed/i.test(message);
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
}

function apiWords(status: number, said: string): string {
  if (status === 0) return WORDS.NetworkError as string;
  if (status === 403) return said.startsWith("Only ") ? said : "You may not do this in this tenant.";
  if (status === 404) return "It is not there, or not any more.";
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
