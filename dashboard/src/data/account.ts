/** Actions on the user's own account: the API ends sessions at once, Cognito stores the account. */
import * as api from "./api";
import { accessToken, changeTenant, clearSession, revoke, session, startNewSession, updatePassword } from "./session";
import { notifyTabs } from "./settings-sync";

/** Sign out of this tab. The tokens are deleted even if no request succeeds. */
export async function signOut(): Promise<void> {
  await api.endSession().catch(() => undefined);
  await revoke();
  await clearSession("signed-out");
}

/** End all sessions. If the request fails, nothing changes. */
export async function signOutEverywhere(): Promise<void> {
  await api.endSessions();
  await ended("everywhere");
}

/** Change the password and end all other sessions. Return whether that succeeded. */
export async function changePassword(
  email: string,
  present: string,
  next: string,
): Promise<"ended" | "not-ended" | "signed-out"> {
  await updatePassword(present, next);
  try {
    await api.endSessions();
  } catch {
    return "not-ended";
  }
  tell();
  // This session has ended with the others, so a new one replaces it.
  if (await startNewSession(email, next)) return "ended";
  await clearSession("password-changed");
  return "signed-out";
}

/** Delete the account of this user. */
export async function deleteAccount(): Promise<void> {
  await api.deleteAccount();
  await ended("deleted");
}

/** Change the address to the one that the code was sent to. */
export async function changeAddress(code: string): Promise<void> {
  await api.changeAddress(await accessToken(), code);
  await ended("address-changed");
}

/** Run a change that may switch the active tenant, and notify the other tabs. */
export async function withTenantChange(act: () => Promise<unknown>): Promise<void> {
  await changeTenant(act);
  const now = session();
  if (now.state === "signed-in") notifyTabs(now.user.userId, now.user.tenant);
}

async function ended(reason: "everywhere" | "deleted" | "address-changed"): Promise<void> {
  tell();
  await clearSession(reason);
}

function tell(): void {
  const now = session();
  if (now.state === "signed-in") notifyTabs(now.user.userId);
}
