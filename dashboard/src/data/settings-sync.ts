/**
 * Detects changes made in other tabs and browsers: another active tenant, other roles, ended sessions. Tabs of this
 * browser notify each other at once; changes in other browsers are detected when the tab gets the focus.
 */
import { getSettings, onForbidden, type Settings } from "./api";
import { ApiError } from "./error-messages";
import { activeTenant, followTenantSwitch, session } from "./session";

interface Message {
  readonly user: string;
  /** The new active tenant; undefined if all sessions have ended. */
  readonly tenant?: string | undefined;
}

const channel = new BroadcastChannel("tenantry");
const listeners = new Set<(settings: Settings) => void>();
let looking = false;

/** Call `listener` with the active tenant and the roles whenever they are read. */
export function onSettings(listener: (settings: Settings) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Start to detect changes. */
export function watchSettings(): void {
  // A message only triggers a request: the API decides what is active.
  channel.addEventListener("message", ({ data: { user, tenant } }: MessageEvent<Message>) => {
    const now = session();
    if (now.state !== "signed-in" || now.user.userId !== user) return;
    if (tenant === undefined || tenant !== now.user.tenant) void look();
  });
  window.addEventListener("focus", () => void look());
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") void look();
  });
  onForbidden((isChange) => void look(isChange));
}

/** Notify the other tabs of a change. */
export function notifyTabs(user: string, tenant?: string): void {
  channel.postMessage({ user, tenant } satisfies Message);
}

/**
 * Read the active tenant and the roles, and follow a switch.
 *
 * `refused` if a change was just refused: if another tenant is active, that is the reason.
 */
async function look(refused = false): Promise<void> {
  const shown = activeTenant();
  if (!shown || (looking && !refused)) return;
  looking = true;
  try {
    const settings = await getSettings();
    for (const listener of listeners) listener(settings);
    if (settings.tenantId !== shown) await followTenantSwitch(shown, refused);
  } catch (error) {
    // An ended session is handled elsewhere; other errors change nothing on the page.
    if (error instanceof ApiError && error.isOtherTenant) await followTenantSwitch(shown, refused);
  } finally {
    looking = false;
  }
}
