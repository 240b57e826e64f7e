/**
 * Notices what happens to this person elsewhere: another tenant made active, other roles, every session ended. Tabs of
 * this browser tell each other at once; of other places, a tab learns when it is looked at again.
 */
import { getSettings, onForbidden, type Settings } from "./api";
import { catchUp, session, shownTenant } from "./session";
import { ApiError } from "./words";

interface Message {
  readonly user: string;
  /** The tenant that is active now; not there where the sessions have ended. */
  readonly tenant?: string | undefined;
}

const channel = new BroadcastChannel("tenantry");
const listeners = new Set<(settings: Settings) => void>();
let looking = false;

/** Call `listener` with the active tenant and the roles in it whenever they are read again. */
export function onSettings(listener: (settings: Settings) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Begin to watch. */
export function watch(): void {
  // A message is a hint and no more: what counts is what the directory says when it is asked.
  channel.addEventListener("message", ({ data: { user, tenant } }: MessageEvent<Message>) => {
    const now = session();
    if (now.state !== "in" || now.person.userId !== user) return;
    if (tenant === undefined || tenant !== now.person.tenant) void look();
  });
  window.addEventListener("focus", () => void look());
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") void look();
  });
  onForbidden((isChange) => void look(isChange));
}

/** Tell the other tabs that something has changed for this person. */
export function tellTabs(user: string, tenant?: string): void {
  channel.postMessage({ user, tenant } satisfies Message);
}

/**
 * Ask which tenant is active and with which roles, and follow where that is not what the page shows.
 *
 * `refused` says that a change was refused just now: where another tenant is active, that is why.
 */
async function look(refused = false): Promise<void> {
  const shown = shownTenant();
  if (!shown || (looking && !refused)) return;
  looking = true;
  try {
    const settings = await getSettings();
    for (const listener of listeners) listener(settings);
    if (settings.tenantId !== shown) await catchUp(shown, refused);
  } catch (error) {
    // An ended session has been acted on, and what else fails is no news.
    if (error instanceof ApiError && error.isOtherTenant) await catchUp(shown, refused);
  } finally {
    looking = false;
  }
}
