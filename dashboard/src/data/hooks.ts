import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { getSettings, type Settings } from "./api";
import { onSession, type Person, type Session, session } from "./session";
import { onSettings } from "./watch";
import { wordsOf } from "./words";

/** Return the session, now and whenever it changes. */
export function useSession(): Session {
  const [now, set] = useState(session());
  useEffect(() => {
    set(session());
    return onSession(set);
  }, []);
  return now;
}

/** Return the person who is signed in, on a page that only such a one sees. */
export function usePerson(): Person & { readonly tenant: string } {
  const now = useSession();
  const last = useRef<Person | undefined>(undefined);
  if (now.state === "in") last.current = now.person;
  const person = last.current;
  if (!person?.tenant) throw new Error("useUser() needs a signed-in user with an active tenant.");
  return person as Person & { readonly tenant: string };
}

/** Something that was asked for: not there yet, there, or not to be had. */
export interface Loaded<T> {
  readonly value: T | undefined;
  readonly error: string | undefined;
  /** Ask again; what is there stays until the answer comes. */
  readonly reload: () => void;
  /** Show another value at once, and whatever the API says from the next answer on. */
  readonly show: (value: T) => void;
}

/** Ask for something, and ask again when `key` changes. */
export function useLoad<T>(key: string, load: (signal: AbortSignal) => Promise<T>): Loaded<T> {
  const [state, set] = useState<{ key: string; value?: T; error?: string }>({ key });
  const [turn, again] = useState(0);
  const latest = useRef(load);
  latest.current = load;
  // `turn` asks again; `load` is a new function each time.
  useEffect(() => {
    const aborted = new AbortController();
    set((before) => (before.key === key && before.value !== undefined ? { key, value: before.value } : { key }));
    latest.current(aborted.signal).then(
      (value) => !aborted.signal.aborted && set({ key, value }),
      (error) => !aborted.signal.aborted && set((before) => ({ ...before, error: wordsOf(error) })),
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

/** Ask for the roles in the tenant that the page shows, and follow them. */
export function useSettings(tenant: string): Loaded<Settings> {
  const settings = useLoad(`settings in ${tenant}`, getSettings);
  const { show } = settings;
  useEffect(() => onSettings((found) => found.tenantId === tenant && show(found)), [tenant, show]);
  return settings;
}

/** Do something once at a time, and keep what went wrong. */
export function useAction<A extends unknown[]>(
  act: (...args: A) => Promise<void>,
  words: (error: unknown) => string = wordsOf,
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
