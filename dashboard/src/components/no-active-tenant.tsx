import { useEffect, useState } from "preact/hooks";
import { signOut } from "../data/account";
import { getTenants } from "../data/api";
import { useAction } from "../data/hooks";
import { confirmedInThisTab, renew, type User } from "../data/session";
import { Check, Logo } from "./icons";
import { UserTenants } from "./tenants";

const LATE_AFTER_MS = 60_000;
// So many equal answers in a row do not come from between two writes of the same change.
const MIN_EQUAL_ANSWERS = 5;
const MAX_PAUSE_MS = 5000;
const MAX_RENEWALS = 24;

/** What is known about the tenants of the user; `stuck` if new tokens never name the active tenant. */
type Status = "unknown" | "new" | "none" | "some" | "stuck";

/**
 * The page of a user whose token names no tenant. If a tenant is active, or that is unknown, the page renews the tokens
 * until they name a tenant, for about two minutes.
 *
 * A user who confirmed their address in this tab waits until their tenant is created. A user with tenants chooses one.
 * All others see that they are not a member of any tenant.
 */
export function NoActiveTenant({ user }: { user: User }) {
  const isNew = confirmedInThisTab(user.email);
  const [status, setStatus] = useState<Status>(isNew ? "new" : "unknown");
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
    let unmounted = false;
    const look = async () => {
      const found = await getTenants().then(
        (tenants) => (tenants.length === 0 ? "none" : tenants.some(({ active }) => active) ? "" : "some"),
        () => "",
      );
      if (unmounted) return;
      if (!found && renewals++ === MAX_RENEWALS) {
        setStatus("stuck");
        return;
      }
      if (!found) await renew();
      if (unmounted) return;
      seen = found === last ? seen + 1 : 1;
      last = found;
      if (seen >= MIN_EQUAL_ANSWERS && found) setStatus(found === "none" && isNew ? "new" : (found as Status));
      if (Date.now() - began > LATE_AFTER_MS) setLate(true);
      pause = Math.min(pause * 1.5, MAX_PAUSE_MS);
      timer = setTimeout(look, pause);
    };
    timer = setTimeout(look, pause);
    return () => {
      unmounted = true;
      clearTimeout(timer);
    };
  }, [isNew, round]);
  const retry = () => {
    setStatus(isNew ? "new" : "unknown");
    setRound(round + 1);
  };

  const title = TITLES[status] ?? `Welcome, ${user.name || user.email}`;
  useEffect(() => {
    document.title = `${title} · Tenantry`;
  }, [title]);
  return (
    <main class="plain">
      <Logo />
      <h1>{title}</h1>
      {status === "new" && <CreatingTenant late={late} />}
      {status === "unknown" && (
        <>
          <div class="bar" role="progressbar" aria-label="Loading your tenants">
            <span />
          </div>
          <p role="status">Loading the tenants that you are a member of. This takes a few seconds.</p>
        </>
      )}
      {status === "none" && (
        <p role="status">
          You are signed in as {user.email}. If you left your tenants or an admin removed you, ask an admin of a tenant
          to invite this address. If you have just created your account, its tenant is still being created: this page
          shows the tenant when it is ready.
        </p>
      )}
      {status === "some" && (
        <p role="status">You no longer have access to the tenant that was active. Choose another tenant.</p>
      )}
      {status === "stuck" && (
        <>
          <p role="status">Your active tenant could not be loaded. No data is lost. Try again in a moment.</p>
          <button type="button" class="button" onClick={retry}>
            Try again
          </button>
        </>
      )}
      {(status === "none" || status === "some") && <UserTenants userId={user.userId} active={undefined} />}
      <button type="button" class="button" aria-busy={leave.busy} onClick={() => void leave.run()}>
        Sign out
      </button>
    </main>
  );
}

const TITLES: Partial<Record<Status, string>> = {
  none: "You are not a member of any tenant",
  stuck: "Your tenant is not available",
  some: "Choose a tenant",
};

function CreatingTenant({ late }: { late: boolean }) {
  return (
    <>
      <ol class="steps">
        <li class="met">
          <Check /> Your account is confirmed<span class="visually-hidden">, done</span>
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
