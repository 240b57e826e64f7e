/**
 * Who is signed in. The tokens are kept in `sessionStorage`: they survive a reload of this tab, no other tab has them,
 * and they go with the tab or at sign-out. They are renewed five minutes before they expire. No cookie is ever set, so
 * no other page can make this browser send them.
 */
import * as cognito from "@aws-amplify/auth";
import { cognitoUserPoolsTokenProvider } from "@aws-amplify/auth/cognito";
import { Amplify, sessionStorage } from "@aws-amplify/core";
import type { Config } from "./config";
import { isBlocked, mustSignInAgain, needsNewPassword } from "./words";

const RENEW_BEFORE_MS = 5 * 60 * 1000;
const SOONEST_MS = 10 * 1000;
const TRIES = 3;
const PAUSE_MS = 1000;
const SECRET = "tenantry.signup.";
const NEW = "tenantry.new";

/** The person, as their ID token says. */
export interface Person {
  readonly userId: string;
  readonly email: string;
  readonly name: string;
  /** Their active tenant; not there until the tenant of a new account is made. */
  readonly tenant: string | undefined;
  readonly signedInAt: Date;
}

/** Why nobody is signed in. */
export type Why =
  | "stranger"
  | "expired"
  | "left"
  | "everywhere"
  | "deleted"
  | "address-changed"
  | "password-changed"
  | "new-password"
  | "blocked";

/** Another tenant was made active elsewhere; `refused` says that a change which was asked for here was not made. */
export interface Switched {
  readonly refused: boolean;
}

export type Session =
  | { readonly state: "starting" }
  | { readonly state: "out"; readonly why: Why }
  | { readonly state: "in"; readonly person: Person; readonly switched: Switched | undefined };

let current: Session = { state: "starting" };
let token = "";
let timer: ReturnType<typeof setTimeout> | undefined;
let renewAt = Number.POSITIVE_INFINITY;
let switched: Switched | undefined;
let catchingUp: Promise<void> | undefined;
let changing = 0;
let replacing: Promise<unknown> | undefined;
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
    if (document.visibilityState === "visible" && Date.now() >= renewAt) void renew({ keepTenant: true });
  });
  await read({ forceRefresh: false });
}

/** Return the ID token. */
export const idToken = (): string => token;

/** Return the tenant that the page shows: the one that the token names. */
export const shownTenant = (): string | undefined => (current.state === "in" ? current.person.tenant : undefined);

/**
 * Get new tokens now; the session ends if there are none to be had.
 *
 * Tokens may come without the tenant when the pool could not learn it in time. With `keepTenant` the page stays as it
 * is, with the tokens that it has, and asks again before it believes that there is no tenant any more.
 */
export async function renew({ keepTenant = false } = {}): Promise<void> {
  await replacing;
  for (let turn = 0; current.state === "in" && turn < TRIES; turn++) {
    if (turn) await new Promise((resolve) => setTimeout(resolve, turn * PAUSE_MS));
    if (await read({ forceRefresh: true, keepTenant: keepTenant && turn < TRIES - 1 })) return;
  }
}

/** Read the tokens, or fetch new ones, and return whether it is known now who is signed in. */
async function read({ forceRefresh, keepTenant }: { forceRefresh: boolean; keepTenant?: boolean }): Promise<boolean> {
  let tokens: cognito.AuthTokens | undefined;
  try {
    tokens = (await cognito.fetchAuthSession({ forceRefresh })).tokens;
  } catch (error) {
    // Tokens that count no more have been removed by now. While they are there, a later try may do.
    if (isStored()) {
      const why = endedBy(error);
      if (why) {
        await forget(why);
        return true;
      }
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
  const tenant = typeof claims.tenant === "string" ? claims.tenant : undefined;
  if (keepTenant && shownTenant() && !tenant) {
    schedule(Date.now() + SOONEST_MS);
    return false;
  }
  token = String(tokens?.idToken);
  schedule(Number(claims.exp) * 1000 - RENEW_BEFORE_MS);
  become({
    state: "in",
    switched,
    person: {
      userId: String(claims["cognito:username"]),
      email: String(claims.email ?? ""),
      name: String(claims.name ?? ""),
      tenant,
      signedInAt: new Date(Number(claims.auth_time) * 1000),
    },
  });
  return true;
}

/** Return why no token is issued any more; nothing if a later try may do. */
function endedBy(error: unknown): Why | undefined {
  if (needsNewPassword(error)) return "new-password";
  if (isBlocked(error)) return "blocked";
  return mustSignInAgain(error) ? "expired" : undefined;
}

const isStored = (): boolean => Object.keys(window.sessionStorage).some((key) => key.endsWith(".refreshToken"));

function schedule(at: number): void {
  clearTimeout(timer);
  renewAt = Math.max(at, Date.now() + SOONEST_MS);
  timer = setTimeout(() => void renew({ keepTenant: true }), renewAt - Date.now());
}

/** Forget the tokens and everything else that this tab keeps. A stranger keeps what a sign-up has left. */
export async function forget(why: Why): Promise<void> {
  clearTimeout(timer);
  token = "";
  renewAt = Number.POSITIVE_INFINITY;
  switched = undefined;
  await cognitoUserPoolsTokenProvider.tokenOrchestrator.clearTokens();
  if (why !== "stranger") window.sessionStorage.clear();
  become({ state: "out", why });
}

/** End the session because an API no longer takes its token. */
export const expire = (): Promise<void> => forget("expired");

/** Let Cognito revoke the refresh token. Amplify forgets the tokens even if Cognito cannot be told. */
export const revoke = (): Promise<void> => cognito.signOut().catch(() => undefined);

/** Return the access token, which Cognito asks for where an account is changed. */
export const accessToken = async (): Promise<string> =>
  String((await cognito.fetchAuthSession()).tokens?.accessToken ?? "");

// The active tenant is the user's and not the session's: every tab of theirs follows a switch.

/** Do something that makes another tenant active for this person, and take up the one that is active afterwards. */
export async function changeTenant(act: () => Promise<unknown>): Promise<void> {
  changing++;
  try {
    await act();
    switched = undefined;
    await renew();
  } finally {
    changing--;
  }
}

/**
 * Take up the tenant that was made active elsewhere, and say so.
 *
 * `shown` is the tenant that the page showed when this was noticed. Nothing is asked for again here: the page reads
 * what it shows anew because its tenant is another, and a change is not repeated.
 */
export async function catchUp(shown: string, refused: boolean): Promise<void> {
  if (changing || shownTenant() !== shown) return;
  if (refused) switched = { refused };
  catchingUp ??= (async () => {
    const before = switched;
    switched ??= { refused: false };
    await renew();
    if (current.state !== "in") return;
    if (current.person.tenant === shown) switched = before;
    if (current.switched !== switched) become({ ...current, switched });
  })().finally(() => {
    catchingUp = undefined;
  });
  await catchingUp;
}

/** The person has read that another tenant is active. */
export function dismissSwitch(): void {
  switched = undefined;
  if (current.state === "in") become({ ...current, switched });
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
  if (!next) throw new Error(`Unsupported sign-in step: ${answer.nextStep.signInStep}`);
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

/**
 * Sign up. The page keeps a secret for this tab and tells the pool its hash: who confirms the address with the secret
 * is who signed up, and keeps the password. Everybody else who confirms it has to choose a new one.
 */
export async function signUp(email: string, name: string, password: string): Promise<void> {
  const secret = hex(crypto.getRandomValues(new Uint8Array(32)));
  const confirmationHash = hex(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(secret))));
  await cognito.signUp({
    username: email,
    password,
    options: { userAttributes: { email, name }, clientMetadata: { confirmationHash } },
  });
  // Only now: a sign-up that was refused must not take the secret of one that was not.
  window.sessionStorage.setItem(secretOf(email), secret);
}

/** Whether this tab has made the account with this address. */
export const signedUpHere = (email: string): boolean => window.sessionStorage.getItem(secretOf(email)) !== null;

/** Confirm the address with the code that was sent to it. */
export async function confirm(email: string, code: string): Promise<void> {
  const secret = window.sessionStorage.getItem(secretOf(email));
  await cognito.confirmSignUp({
    username: email,
    confirmationCode: code,
    options: secret ? { clientMetadata: { confirmationSecret: secret } } : {},
  });
  window.sessionStorage.removeItem(secretOf(email));
  window.sessionStorage.setItem(NEW, keyOf(email));
}

/** Whether this tab has confirmed the address a moment ago, so that a tenant is being made. */
export const confirmedHere = (email: string): boolean => window.sessionStorage.getItem(NEW) === keyOf(email);

const keyOf = (email: string): string => email.trim().toLowerCase();
const secretOf = (email: string): string => `${SECRET}${keyOf(email)}`;
const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** Send that code once more. */
export const resend = (email: string): Promise<unknown> => cognito.resendSignUpCode({ username: email });

/** Ask for a code that lets one choose a new password. */
export const forgot = (email: string): Promise<unknown> => cognito.resetPassword({ username: email });

/** Choose a new password, with that code. */
export const reset = (email: string, code: string, password: string): Promise<unknown> =>
  cognito.confirmResetPassword({ username: email, confirmationCode: code, newPassword: password });

/** Let Cognito change the password, from the present one. */
export const updatePassword = (present: string, next: string): Promise<void> =>
  cognito.updatePassword({ oldPassword: present, newPassword: next });

/** Sign in again, in the place of a session that has ended; whether that was possible without asking for anything. */
export async function signInAgain(email: string, password: string): Promise<boolean> {
  const attempt = (async () => {
    try {
      return (await signIn(email, password)) === "done";
    } catch {
      return false;
    }
  })();
  // Who wants new tokens meanwhile gets those of the new session.
  replacing = attempt;
  try {
    return await attempt;
  } finally {
    replacing = undefined;
  }
}

/** Ask for a code at another address, which becomes the person's with that code. */
export const askForAddress = (email: string): Promise<unknown> =>
  cognito.updateUserAttribute({ userAttribute: { attributeKey: "email", value: email } });
