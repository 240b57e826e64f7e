import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { getSettings, type Settings } from "./api";
import { errorMessage } from "./error-messages";
import { onSession, type Session, session, type User } from "./session";
import { onSettings } from "./settings-sync";

/** Return the current session, and update with it. */
export function useSession(): Session {
  const [now, set] = useState(session());
  useEffect(() => {
    set(session());
    return onSession(set);
  }, []);
  return now;
}

/** Return the signed-in user, on a page that requires an active tenant. */
export function useUser(): User & { readonly tenant: string } {
  const now = useSession();
  const last = useRef<User | undefined>(undefined);
  if (now.state === "signed-in") last.current = now.user;
  const user = last.current;
  if (!user?.tenant) throw new Error("useUser() needs a signed-in user with an active tenant.");
  return user as User & { readonly tenant: string };
}

/** The state of a request: pending, loaded or failed. */
export interface Loaded<T> {
  readonly value: T | undefined;
  readonly error: string | undefined;
  /** Load again; the current value stays until the response. */
  readonly reload: () => void;
  /** Show a value until the next response. */
  readonly show: (value: T) => void;
}

/** Load a value, and load it again when `key` changes. */
export function useLoad<T>(key: string, load: (signal: AbortSignal) => Promise<T>): Loaded<T> {
  const [state, set] = useState<{ key: string; value?: T; error?: string }>({ key });
  const [turn, again] = useState(0);
  const latest = useRef(load);
  latest.current = load;
  // `turn` triggers a reload; `load` is a new function in each render.
  useEffect(() => {
    const aborted = new AbortController();
    set((before) => (before.key === key && before.value !== undefined ? { key, value: before.value } : { key }));
    latest.current(aborted.signal).then(
      (value) => !aborted.signal.aborted && set({ key, value }),
      (error) => !aborted.signal.aborted && set((before) => ({ ...before, error: errorMessage(error) })),
    );
    return () => aborted.abort();
  }, [key, turn]);
  const current = state.key === key ? state : undefined;
  return {
    value: current?.value,
    error: current?.error,
    reload: useCallback(() => again((count) => count + 1), []),
    show: useCallback((value: T) => set({ key, value }), [key]),
  };
}

/** Load the user's roles in the active tenant, and update with them. */
export function useSettings(tenant: string): Loaded<Settings> {
  const settings = useLoad(`settings in ${tenant}`, getSettings);
  const { show } = settings;
  useEffect(() => onSettings((found) => found.tenantId === tenant && show(found)), [tenant, show]);
  return settings;
}

/** Run an action, never twice at a time, and keep its error. */
export function useAction<A extends unknown[]>(
  act: (...args: A) => Promise<void>,
  words: (error: unknown) => string = errorMessage,
): { run: (...args: A) => Promise<boolean>; busy: boolean; error: string | undefined; clear: () => void } {
  const [state, set] = useState<{ busy: boolean; error?: string }>({ busy: false });
  const busy = useRef(false);
  return {
    busy: state.busy,
    error: state.error,
    clear: () => set({ busy: busy.current }),
    run: async (...args) => {
      if (busy.current) return false;
      busy.current = true;
      set({ busy: true });
      try {
        await act(...args);
        busy.current = false;
        set({ busy: false });
        return true;
      } catch (error) {
        busy.current = false;
        set({ busy: false, error: words(error) });
        return false;
      }
    },
  };
}
