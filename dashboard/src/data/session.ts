/**
 * The session. Tokens are kept in `sessionStorage`: they survive a reload of this tab, are not visible to other tabs,
 * and are deleted with the tab or at sign-out. They are renewed five minutes before they expire. There are no cookies,
 * so no other site can make this browser send credentials.
 */
import * as cognito from "@aws-amplify/auth";
import { cognitoUserPoolsTokenProvider } from "@aws-amplify/auth/cognito";
import { Amplify, sessionStorage } from "@aws-amplify/core";
import type { Config } from "./config";
import { isBlocked, needsNewPassword, requiresSignIn } from "./error-messages";

const RENEW_BEFORE_MS = 5 * 60 * 1000;
const MIN_DELAY_MS = 10 * 1000;
const MAX_ATTEMPTS = 3;
const PAUSE_MS = 1000;
const SECRET_KEY_PREFIX = "tenantry.signup.";
const CONFIRMED_KEY = "tenantry.new";

/** The user, from the claims of the ID token. */
export interface User {
  readonly userId: string;
  readonly email: string;
  readonly name: string;
  /** The active tenant; undefined until the tenant of a new account is created. */
  readonly tenant: string | undefined;
  readonly signedInAt: Date;
}

/** Why there is no session. */
export type SignOutReason =
  | "not-signed-in"
  | "expired"
  | "signed-out"
  | "everywhere"
  | "deleted"
  | "address-changed"
  | "password-changed"
  | "new-password"
  | "blocked";

/**
 * The active tenant was changed in another tab or browser; `refused` if a change on this page was refused for that
 * reason.
 */
export interface TenantSwitch {
  readonly refused: boolean;
}

export type Session =
  | { readonly state: "starting" }
  | { readonly state: "signed-out"; readonly reason: SignOutReason }
  | { readonly state: "signed-in"; readonly user: User; readonly switched: TenantSwitch | undefined };

let current: Session = { state: "starting" };
let token = "";
let timer: ReturnType<typeof setTimeout> | undefined;
let renewAt = Number.POSITIVE_INFINITY;
let switched: TenantSwitch | undefined;
let following: Promise<void> | undefined;
let changing = 0;
let ending: Promise<unknown> | undefined;
const listeners = new Set<(session: Session) => void>();

/** Return the current session. */
export const session = (): Session => current;

/** Call `listener` whenever the session changes, until the returned function is called. */
export function onSession(listener: (session: Session) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function setSession(next: Session): void {
  current = next;
  for (const listener of listeners) listener(next);
}

/** Restore the session of this tab, if there is one. */
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
  // Timers do not run while the computer sleeps.
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible" && Date.now() >= renewAt) void renew({ keepTenant: true });
  });
  await read({ forceRefresh: false });
}

/** Return the ID token. */
export const idToken = (): string => token;

/** Return the tenant that the page shows: the one in the ID token. */
export const activeTenant = (): string | undefined => (current.state === "signed-in" ? current.user.tenant : undefined);

/**
 * Renew the tokens now. The session ends if Cognito refuses.
 *
 * Tokens come without a tenant if the token hook could not read it in time. With `keepTenant`, the page keeps its
 * current tokens and retries before it accepts that there is no active tenant. An action that ends the session is
 * waited for; only its own request, with `forEnding`, is not.
 */
export async function renew({ keepTenant = false, forEnding = false } = {}): Promise<void> {
  if (!forEnding) await ending;
  for (let turn = 0; current.state === "signed-in" && turn < MAX_ATTEMPTS; turn++) {
    if (turn) await new Promise((resolve) => setTimeout(resolve, turn * PAUSE_MS));
    const options = { forceRefresh: true, keepTenant: keepTenant && turn < MAX_ATTEMPTS - 1 };
    if (await read({ ...options, reportEnd: () => forEnding || !ending })) return;
  }
}

interface Reading {
  readonly forceRefresh: boolean;
  readonly keepTenant?: boolean;
  /** Whether this reading ends the session if Cognito refuses. Otherwise the action that ends it says why. */
  readonly reportEnd?: () => boolean;
}

/** Read the stored tokens or fetch new ones. Return whether the state of the session is known. */
async function read({ forceRefresh, keepTenant, reportEnd = () => true }: Reading): Promise<boolean> {
  let tokens: cognito.AuthTokens | undefined;
  try {
    tokens = (await cognito.fetchAuthSession({ forceRefresh })).tokens;
  } catch (error) {
    // Amplify has removed tokens that Cognito refused. If they are still stored, a later attempt may succeed.
    if (isStored()) {
      const reason = sessionEndReason(error);
      if (reason) {
        if (reportEnd()) await clearSession(reason);
        return true;
      }
      if (current.state !== "signed-in") throw error;
      schedule(Date.now() + MIN_DELAY_MS);
      return false;
    }
  }
  const claims = tokens?.idToken?.payload;
  if (!claims) {
    if (!reportEnd()) return true;
    await clearSession(current.state === "signed-in" || isStored() ? "expired" : "not-signed-in");
    return true;
  }
  const tenant = typeof claims.tenant === "string" ? claims.tenant : undefined;
  if (keepTenant && activeTenant() && !tenant) {
    schedule(Date.now() + MIN_DELAY_MS);
    return false;
  }
  token = String(tokens?.idToken);
  schedule(Number(claims.exp) * 1000 - RENEW_BEFORE_MS);
  setSession({
    state: "signed-in",
    switched,
    user: {
      userId: String(claims["cognito:username"]),
      email: String(claims.email ?? ""),
      name: String(claims.name ?? ""),
      tenant,
      signedInAt: new Date(Number(claims.auth_time) * 1000),
    },
  });
  return true;
}

/** Return why Cognito issues no more tokens, or undefined if a later attempt may succeed. */
function sessionEndReason(error: unknown): SignOutReason | undefined {
  if (needsNewPassword(error)) return "new-password";
  if (isBlocked(error)) return "blocked";
  return requiresSignIn(error) ? "expired" : undefined;
}

const isStored = (): boolean => Object.keys(window.sessionStorage).some((key) => key.endsWith(".refreshToken"));

function schedule(at: number): void {
  clearTimeout(timer);
  renewAt = Math.max(at, Date.now() + MIN_DELAY_MS);
  timer = setTimeout(() => void renew({ keepTenant: true }), renewAt - Date.now());
}

/** Delete the tokens and all other data of this tab. Without a session, the secret of a sign-up is kept. */
export async function clearSession(reason: SignOutReason): Promise<void> {
  clearTimeout(timer);
  token = "";
  renewAt = Number.POSITIVE_INFINITY;
  switched = undefined;
  await cognitoUserPoolsTokenProvider.tokenOrchestrator.clearTokens();
  if (reason !== "not-signed-in") window.sessionStorage.clear();
  setSession({ state: "signed-out", reason });
}

/** End the session because an API refused its token. */
export const expireSession = (): Promise<void> => clearSession("expired");

/**
 * Run an action that ends the session and says why. Requests that are refused meanwhile do not end it for another
 * reason: they wait for the action.
 */
export async function endSessionBy<T>(act: () => Promise<T>): Promise<T> {
  const acting = act();
  ending = acting.catch(() => undefined);
  try {
    return await acting;
  } finally {
    ending = undefined;
  }
}

/** Revoke the refresh token in Cognito. Amplify deletes the tokens even if Cognito cannot be reached. */
export const revoke = (): Promise<void> => cognito.signOut().catch(() => undefined);

/** Return the access token, which Cognito requires for account changes. */
export const accessToken = async (): Promise<string> =>
  String((await cognito.fetchAuthSession()).tokens?.accessToken ?? "");

// The active tenant belongs to the user, not to the session: a switch applies to all tabs.

/** Run a change that may switch the active tenant, then renew the tokens. */
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
 * Show the tenant that was made active in another tab or browser, with a notice.
 *
 * `shown` is the tenant that the page showed when the switch was detected. The page reloads its data because the tenant
 * is a different one; a refused change is not repeated.
 */
export async function followTenantSwitch(shown: string, refused: boolean): Promise<void> {
  if (changing || activeTenant() !== shown) return;
  if (refused) switched = { refused };
  following ??= (async () => {
    const before = switched;
    switched ??= { refused: false };
    await renew();
    if (current.state !== "signed-in") return;
    if (current.user.tenant === shown) switched = before;
    if (current.switched !== switched) setSession({ ...current, switched });
  })().finally(() => {
    following = undefined;
  });
  await following;
}

/** Close the notice about the switch. */
export function dismissTenantSwitch(): void {
  switched = undefined;
  if (current.state === "signed-in") setSession({ ...current, switched });
}

/** The next step of a sign-in. */
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

/** Sign in with SRP: the password does not leave the browser. */
export async function signIn(email: string, password: string): Promise<SignInStep> {
  await cognitoUserPoolsTokenProvider.tokenOrchestrator.clearTokens();
  return step(await cognito.signIn({ username: email, password, options: { authFlowType: "USER_SRP_AUTH" } }));
}

/** Answer a sign-in challenge: the code of an authenticator app, or a new password. */
export const answer = async (response: string): Promise<SignInStep> =>
  step(await cognito.confirmSignIn({ challengeResponse: response }));

/**
 * Sign up. The page keeps a secret in this tab and sends its hash to the user pool. Confirming the address with the
 * secret proves that the same person signed up, and keeps the password. Without the secret, a new password is required.
 */
export async function signUp(email: string, name: string, password: string): Promise<void> {
  const secret = hex(crypto.getRandomValues(new Uint8Array(32)));
  const confirmationHash = hex(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(secret))));
  await cognito.signUp({
    username: email,
    password,
    options: { userAttributes: { email, name }, clientMetadata: { confirmationHash } },
  });
  // After the request: a refused sign-up must not replace the secret of an earlier one.
  window.sessionStorage.setItem(secretOf(email), secret);
}

/** Whether the account with this address was created in this tab. */
export const signedUpInThisTab = (email: string): boolean => window.sessionStorage.getItem(secretOf(email)) !== null;

/** Confirm the address with the code that was sent to it. */
export async function confirm(email: string, code: string): Promise<void> {
  const secret = window.sessionStorage.getItem(secretOf(email));
  await cognito.confirmSignUp({
    username: email,
    confirmationCode: code,
    options: secret ? { clientMetadata: { confirmationSecret: secret } } : {},
  });
  window.sessionStorage.removeItem(secretOf(email));
  window.sessionStorage.setItem(CONFIRMED_KEY, keyOf(email));
}

/** Whether the address was confirmed in this tab, so that its tenant is being created. */
export const confirmedInThisTab = (email: string): boolean =>
  window.sessionStorage.getItem(CONFIRMED_KEY) === keyOf(email);

const keyOf = (email: string): string => email.trim().toLowerCase();
const secretOf = (email: string): string => `${SECRET_KEY_PREFIX}${keyOf(email)}`;
const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** Send another confirmation code. */
export const resendCode = (email: string): Promise<unknown> => cognito.resendSignUpCode({ username: email });

/** Request a code for a new password. */
export const forgot = (email: string): Promise<unknown> => cognito.resetPassword({ username: email });

/** Choose a new password with that code. */
export const reset = (email: string, code: string, password: string): Promise<unknown> =>
  cognito.confirmResetPassword({ username: email, confirmationCode: code, newPassword: password });

/** Change the password in Cognito, with the current password. */
export const updatePassword = (present: string, next: string): Promise<void> =>
  cognito.updatePassword({ oldPassword: present, newPassword: next });

/** Replace an ended session by a new one. Return whether that succeeded without another challenge. */
export const startNewSession = (email: string, password: string): Promise<boolean> =>
  signIn(email, password).then(
    (step) => step === "done",
    () => false,
  );

/** Send a code to a new address. The address changes when the code is entered. */
export const requestAddressChange = (email: string): Promise<unknown> =>
  cognito.updateUserAttribute({ userAttribute: { attributeKey: "email", value: email } });
