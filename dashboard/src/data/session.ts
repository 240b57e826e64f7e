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
const TRIES = 3;
const PAUSE_MS = 1000;

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
  | { readonly state: "out"; readonly why: "stranger" | "expired" | "left" }
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
  for (let turn = 0; current.state === "in" && turn < TRIES; turn++) {
    if (turn) await new Promise((resolve) => setTimeout(resolve, turn * PAUSE_MS));
    if (await read({ forceRefresh: true })) return;
  }
}

/** Read the tokens, or fetch new ones, and return whether it is known now who is signed in. */
async function read(options: { forceRefresh: boolean }): Promise<boolean> {
  let tokens: cognito.AuthTokens | undefined;
  try {
    tokens = (await cognito.fetchAuthSession(options)).tokens;
  } catch (error) {
    // Tokens that count no more have been removed by now. While they are there, a later try may do.
    if (isStored()) {
      if (current.state !== "in") throw error;
      schedule(Date.now() + SOONEST_MS);
      return false;
    }
  }
  const claims = tokens?.idToken?.payload;
  if (!claims) {
    await forget(current.state === "in" || isStored() ? "expired" : "stranger");
    return true;
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
  return true;
}

const isStored = (): boolean => Object.keys(window.sessionStorage).some((key) => key.endsWith(".refreshToken"));

function schedule(at: number): void {
  clearTimeout(timer);
  renewAt = Math.max(at, Date.now() + SOONEST_MS);
  timer = setTimeout(() => void renew(), renewAt - Date.now());
}

async function forget(why: "stranger" | "expired" | "left"): Promise<void> {
  clearTimeout(timer);
  token = "";
  renewAt = Number.POSITIVE_INFINITY;
  await cognitoUserPoolsTokenProvider.tokenOrchestrator.clearTokens();
  window.sessionStorage.clear();
  become({ state: "out", why });
}

/** End the session because an API no longer takes its token. */
export const expire = (): Promise<void> => forget("expired");

/** Sign out of this tab. The tokens are gone even if Cognito cannot be told. */
export async function signOut(): Promise<void> {
  await cognito.signOut().catch(() => undefined);
  await forget("left");
}

/** Sign out of every place. If Cognito cannot be told, nothing is done. */
export async function signOutEverywhere(): Promise<void> {
  await cognito.signOut({ global: true });
  await forget("left");
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
