/**
 * Who is signed in. The tokens are kept in `sessionStorage`: they survive a reload of this tab, no other tab has them,
 * and they go with the tab or at sign-out. They are renewed five minutes before they expire. No cookie is ever set, so
 * no other page can make this browser send them.
 */
import * as cognito from "@aws-amplify/auth";
import { cognitoUserPoolsTokenProvider } from "@aws-amplify/auth/cognito";
import { Amplify, sessionStorage } from "@aws-amplify/core";
import type { Config } from "./config";

const RENEW_BEFORE_MS = 5 * 60 * 1000;
const SOONEST_MS = 10 * 1000;

/** The person, as their ID token says. */
export interface Person {
  readonly userId: string;
  readonly email: string;
  readonly name: string;
  /** Their active tenant; not there until the tenant of a new account is made. */
  readonly tenant: string | undefined;
  readonly signedInAt: Date;
}

export type Session =
  | { readonly state: "starting" }
  | { readonly state: "out"; readonly expired: boolean }
  | { readonly state: "in"; readonly person: Person };

let current: Session = { state: "starting" };
let token = "";
let timer: ReturnType<typeof setTimeout> | undefined;
let renewAt = Number.POSITIVE_INFINITY;
const listeners = new Set<(session: Session) => void>();

/** Return the session as it is now. */
export const session = (): Session => current;

/** Call `listener` whenever the session changes, until the returned function is called. */
export function onSession(listener: (session: Session) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function become(next: Session): void {
  current = next;
  for (const listener of listeners) listener(next);
}

/** Take up the session that this tab had, if it had one. */
export async function start(config: Config): Promise<void> {
  const auth = {
    Cognito: {
      userPoolId: config.userPoolId,
      userPoolClientId: config.userPoolClientId,
      userPoolEndpoint: config.userPoolEndpoint,
    },
  };
  Amplify.configure({ Auth: auth }, { Auth: { tokenProvider: cognitoUserPoolsTokenProvider } });
  cognitoUserPoolsTokenProvider.setAuthConfig(auth);
  cognitoUserPoolsTokenProvider.setKeyValueStorage(sessionStorage);
  // A laptop that was asleep does not run timers.
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible" && Date.now() >= renewAt) void renew();
  });
  await read({ forceRefresh: false });
}

/** Return the ID token. */
export const idToken = (): string => token;

/** Get new tokens now; the session ends if there are none to be had. */
export async function renew(): Promise<void> {
  if (current.state !== "in") return;
  await read({ forceRefresh: true });
}

async function read(options: { forceRefresh: boolean }): Promise<void> {
  const had = current.state === "in";
  let tokens: cognito.AuthTokens | undefined;
  try {
    tokens = (await cognito.fetchAuthSession(options)).tokens;
  } catch (error) {
    if (isPassing(error) && had) {
      schedule(Date.now() + SOONEST_MS);
      return;
    }
  }
  const claims = tokens?.idToken?.payload;
  if (!claims) {
    const left = Object.keys(window.sessionStorage).some((key) => key.startsWith("CognitoIdentityServiceProvider"));
    await forget({ expired: had || left });
    return;
  }
  token = String(tokens?.idToken);
  schedule(Number(claims.exp) * 1000 - RENEW_BEFORE_MS);
  become({
    state: "in",
    person: {
      userId: String(claims["cognito:username"]),
      email: String(claims.email ?? ""),
      name: String(claims.name ?? ""),
      tenant: typeof claims.tenant === "string" ? claims.tenant : undefined,
      signedInAt: new Date(Number(claims.auth_time) * 1000),
    },
  });
}

/** Whether it may work a moment later. */
function isPassing(error: unknown): boolean {
  const name = (error as { name?: string } | undefined)?.name ?? "";
  return name === "NetworkError" || name === "TooManyRequestsException" || name === "InternalErrorException";
}

function schedule(at: number): void {
  clearTimeout(timer);
  renewAt = Math.max(at, Date.now() + SOONEST_MS);
  timer = setTimeout(() => void renew(), renewAt - Date.now());
}

async function forget({ expired }: { expired: boolean }): Promise<void> {
  clearTimeout(timer);
  token = "";
  renewAt = Number.POSITIVE_INFINITY;
  await cognitoUserPoolsTokenProvider.tokenOrchestrator.clearTokens();
  window.sessionStorage.clear();
  become({ state: "out", expired });
}

/** End the session because an API no longer takes its token. */
export const expire = (): Promise<void> => forget({ expired: true });

/** Sign out of this tab, and of every other place if `everywhere`. The tokens are gone even if Cognito is not there. */
export async function signOut({ everywhere = false } = {}): Promise<void> {
  try {
    await cognito.signOut({ global: everywhere });
  } catch (error) {
    if (everywhere) throw error;
  } finally {
    if (!everywhere) await forget({ expired: false });
  }
  if (everywhere) await forget({ expired: false });
}

/** What comes next when somebody signs in. */
export type SignInStep = "done" | "confirm" | "totp" | "new-password";

const STEPS: Record<string, SignInStep> = {
  DONE: "done",
  CONFIRM_SIGN_UP: "confirm",
  CONFIRM_SIGN_IN_WITH_TOTP_CODE: "totp",
  CONFIRM_SIGN_IN_WITH_NEW_PASSWORD_REQUIRED: "new-password",
};

async function step(answer: cognito.SignInOutput): Promise<SignInStep> {
  const next = STEPS[answer.nextStep.signInStep];
  if (!next) throw new Error(`This page cannot do ${answer.nextStep.signInStep}.`);
  if (next === "done") await read({ forceRefresh: false });
  return next;
}

/** Sign in by SRP: the password does not leave the browser. */
export async function signIn(email: string, password: string): Promise<SignInStep> {
  await cognitoUserPoolsTokenProvider.tokenOrchestrator.clearTokens();
  return step(await cognito.signIn({ username: email, password, options: { authFlowType: "USER_SRP_AUTH" } }));
}

/** Answer what signing in has asked for: a code of the authenticator, or a password of one's own. */
export const answer = async (response: string): Promise<SignInStep> =>
  step(await cognito.confirmSignIn({ challengeResponse: response }));

/** Sign up. */
export const signUp = (email: string, name: string, password: string): Promise<unknown> =>
  cognito.signUp({ username: email, password, options: { userAttributes: { email, name } } });

/** Confirm the address with the code that was sent to it. */
export const confirm = (email: string, code: string): Promise<unknown> =>
  cognito.confirmSignUp({ username: email, confirmationCode: code });

/** Send that code once more. */
export const resend = (email: string): Promise<unknown> => cognito.resendSignUpCode({ username: email });

/** Ask for a code that lets one choose a new password. */
export const forgot = (email: string): Promise<unknown> => cognito.resetPassword({ username: email });

/** Choose a new password, with that code. */
export const reset = (email: string, code: string, password: string): Promise<unknown> =>
  cognito.confirmResetPassword({ username: email, confirmationCode: code, newPassword: password });

/** Change the password, knowing the present one. */
export const changePassword = (present: string, next: string): Promise<void> =>
  cognito.updatePassword({ oldPassword: present, newPassword: next });
