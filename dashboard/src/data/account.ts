/** Actions on the user's own account: the API ends sessions at once, Cognito stores the account. */
import * as api from "./api";
import {
  accessToken,
  changeTenant,
  clearSession,
  endSessionBy,
  revoke,
  type SignOutReason,
  session,
  startNewSession,
  updatePassword,
} from "./session";
import { notifyTabs } from "./settings-sync";

/** Sign out of this tab. The tokens are deleted even if no request succeeds. */
export const signOut = (): Promise<void> =>
  endSessionBy(async () => {
    await api.endSession().catch(() => undefined);
    await revoke();
    await clearSession("signed-out");
  });

/** End all sessions. If the request fails, nothing changes. */
export const signOutEverywhere = (): Promise<void> => endEverywhere("everywhere", api.endSessions);

/** Change the password and end all other sessions. Return whether that succeeded. */
export async function changePassword(
  email: string,
  present: string,
  next: string,
): Promise<"ended" | "not-ended" | "signed-out"> {
  await updatePassword(present, next);
  return endSessionBy(async () => {
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
  });
}

/** Delete the account of this user. */
export const deleteAccount = (): Promise<void> => endEverywhere("deleted", api.deleteAccount);

/** Change the address to the one that the code was sent to. */
export const changeAddress = (code: string): Promise<void> =>
  endEverywhere("address-changed", async () => api.changeAddress(await accessToken(), code));

/** Run a change that may switch the active tenant, and notify the other tabs. */
export async function withTenantChange(act: () => Promise<unknown>): Promise<void> {
  await changeTenant(act);
  const now = session();
  if (now.state === "signed-in") notifyTabs(now.user.userId, now.user.tenant);
}

/** Run a request that ends all sessions of this user, then tell the other tabs. */
const endEverywhere = (reason: SignOutReason, request: () => Promise<unknown>): Promise<void> =>
  endSessionBy(async () => {
    await request();
    tell();
    await clearSession(reason);
  });

function tell(): void {
  const now = session();
  if (now.state === "signed-in") notifyTabs(now.user.userId);
}
