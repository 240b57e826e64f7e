import { useEffect, useState } from "preact/hooks";
import { signOut } from "../data/account";
import { getTenants } from "../data/api";
import { useAction } from "../data/hooks";
import { confirmedHere, type Person, renew } from "../data/session";
import { Check, Logo } from "./icons";
import { OwnTenants } from "./tenants";

const PATIENCE_MS = 60_000;
// So often in a row, an answer is not one of a moment between two writes.
const ENOUGH = 5;
const LONGEST_MS = 5000;
const MOST_RENEWALS = 24;

/** What is known of somebody without an active tenant; `stuck` if new tokens do not name the one that there is. */
type Standing = "unknown" | "new" | "none" | "some" | "stuck";

/**
 * Look for a tenant with a person whose token names none. Where one is active, or nobody can say, new tokens are asked
 * for: they name it as soon as there is one, and as soon as the pool can learn it. That ends after some two minutes.
 *
 * Who confirmed their address in this tab waits for the tenant that is being made. Who belongs to tenants chooses one. All
 * others belong to no tenant, as far as can be known here, and are told so.
 */
export function Waiting({ person }: { person: Person }) {
  const isNew = confirmedHere(person.email);
  const [standing, become] = useState<Standing>(isNew ? "new" : "unknown");
  const [late, setLate] = useState(false);
  const [round, setRound] = useState(0);
  const leave = useAction(signOut);
  useEffect(() => {
    const began = Date.now();
    let timer: ReturnType<typeof setTimeout>;
    let pause = 400;
    let last = "";
    let seen = 0;
    let renewals = 0;
    let gone = false;
    const look = async () => {
      const found = await getTenants().then(
        (tenants) => (tenants.length === 0 ? "none" : tenants.some(({ active }) => active) ? "" : "some"),
        () => "",
      );
      if (gone) return;
      if (!found && renewals++ === MOST_RENEWALS) {
        become("stuck");
        return;
      }
      if (!found) await renew();
      if (gone) return;
      seen = found === last ? seen + 1 : 1;
      last = found;
      if (seen >= ENOUGH && found) become(found === "none" && isNew ? "new" : (found as Standing));
      if (Date.now() - began > PATIENCE_MS) setLate(true);
      pause = Math.min(pause * 1.5, LONGEST_MS);
      timer = setTimeout(look, pause);
    };
    timer = setTimeout(look, pause);
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [isNew, round]);
  const again = () => {
    become(isNew ? "new" : "unknown");
    setRound(round + 1);
  };

  const title = TITLES[standing] ?? `Welcome, ${person.name || person.email}`;
  useEffect(() => {
    document.title = `${title} · Tenantry`;
  }, [title]);
  return (
    <main class="plain">
      <Logo />
      <h1>{title}</h1>
      {standing === "new" && <Making late={late} />}
      {standing === "unknown" && (
        <>
          <div class="bar" role="progressbar" aria-label="Loading your tenants">
            <span />
          </div>
          <p role="status">Loading the tenants that you are a member of. This takes a few seconds.</p>
        </>
      )}
      {standing === "none" && (
        <p role="status">
          You are signed in as {person.email}. You left your tenants, or an admin removed you. Ask an admin of a tenant
          to invite this address. If you have just created your account, its tenant is still being created: this page
          shows the tenant when it is ready.
        </p>
      )}
      {standing === "some" && (
        <p role="status">You no longer have access to the tenant that was active. Choose another tenant.</p>
      )}
      {standing === "stuck" && (
        <>
          <p role="status">Your active tenant could not be loaded. No data is lost. Try again in a moment.</p>
          <button type="button" class="button" onClick={again}>
            Try again
          </button>
        </>
      )}
      {(standing === "none" || standing === "some") && <OwnTenants userId={person.userId} active={undefined} />}
      <button type="button" class="button" aria-busy={leave.busy} onClick={() => void leave.run()}>
        Sign out
      </button>
    </main>
  );
}

const TITLES: Partial<Record<Standing, string>> = {
  none: "You are not a member of any tenant",
  stuck: "Your tenant is not available",
  some: "Choose a tenant",
};

function Making({ late }: { late: boolean }) {
  return (
    <>
      <ol class="steps">
        <li class="met">
          <Check /> Your account is confirmed<span class="aloud">, done</span>
        </li>
        <li aria-current="step">
          <span class="spinner" aria-hidden="true" /> Creating your tenant, with you as its admin
        </li>
      </ol>
      <div class="bar" role="progressbar" aria-label="Creating your tenant">
        <span />
      </div>
      <p role="status">
        {late
          ? "This takes longer than usual. You can close this page and sign in later: your tenant is still being created."
          : "This takes a few seconds. This page shows your tenant when it is ready."}
      </p>
    </>
  );
}
