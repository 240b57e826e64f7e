/** What a person does with their own account: through our API first, which ends sessions at once, then through Cognito. */
import * as api from "./api";
import { accessToken, changeTenant, forget, revoke, session, signInAgain, updatePassword } from "./session";
import { tellTabs } from "./watch";

/** Sign out of this tab. The tokens are gone even if nobody can be told. */
export async function signOut(): Promise<void> {
  await api.endSession().catch(() => undefined);
  await revoke();
  await forget("left");
}

/** Sign out of every place. If that cannot be done, nothing is. */
export async function signOutEverywhere(): Promise<void> {
  await api.endSessions();
  await ended("everywhere");
}

/** Change the password and end every other session; say what became of that. */
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
  // This session has ended with the others: another one takes its place.
  if (await signInAgain(email, next)) return "ended";
  await forget("password-changed");
  return "signed-out";
}

/** Delete the account of this person. */
export async function deleteAccount(): Promise<void> {
  await api.deleteAccount();
  await ended("deleted");
}

/** Make the address to which the code was sent this person's. */
export async function changeAddress(code: string): Promise<void> {
  await api.changeAddress(await accessToken(), code);
  await ended("address-changed");
}

/** Do something that may change the active tenant, and let every tab follow. */
export async function withTenantChange(act: () => Promise<unknown>): Promise<void> {
  await changeTenant(act);
  const now = session();
  if (now.state === "in") tellTabs(now.person.userId, now.person.tenant);
}

async function ended(why: "everywhere" | "deleted" | "address-changed"): Promise<void> {
  tell();
  await forget(why);
}

function tell(): void {
  const now = session();
  if (now.state === "in") tellTabs(now.person.userId);
}
