import { useEffect, useState } from "preact/hooks";
import { getTenants } from "../data/api";
import { type Person, renew, signOut } from "../data/session";
import { Check, Logo } from "./icons";
import { OwnTenants } from "./tenants";

const PATIENCE_MS = 60_000;
const ENOUGH = 5;

/**
 * Wait with a person whose tenant is being made: new tokens name it as soon as it is there. Somebody who has left the
 * tenant that was active chooses another.
 */
export function Waiting({ person }: { person: Person }) {
  const [late, setLate] = useState(false);
  const [others, setOthers] = useState(false);
  useEffect(() => {
    document.title = "Setting up · Tenantry";
    const began = Date.now();
    let timer: ReturnType<typeof setTimeout>;
    let pause = 400;
    let seen = 0;
    const look = async () => {
      await renew();
      // The mapping comes a moment before the active tenant: only one that stays is a tenant to choose.
      const some = await getTenants().then(
        (tenants) => tenants.length > 0,
        () => false,
      );
      seen = some ? seen + 1 : 0;
      if (seen >= ENOUGH) setOthers(true);
      if (Date.now() - began > PATIENCE_MS) setLate(true);
      pause = Math.min(pause * 1.5, 5000);
      timer = setTimeout(look, pause);
    };
    timer = setTimeout(look, pause);
    return () => clearTimeout(timer);
  }, []);
  if (others) {
    return (
      <main class="plain">
        <Logo />
        <h1>Where do you want to work?</h1>
        <OwnTenants userId={person.userId} active={undefined} />
        <button type="button" class="button" onClick={() => void signOut()}>
          Sign out
        </button>
      </main>
    );
  }
  return (
    <main class="plain">
      <Logo />
      <h1>Welcome, {person.name || person.email}</h1>
      <ol class="steps">
        <li class="met">
          <Check /> Your account is confirmed<span class="aloud">, done</span>
        </li>
        <li aria-current="step">
          <span class="spinner" aria-hidden="true" /> Your tenant is being made, with you as its admin
        </li>
      </ol>
      <div class="bar" role="progressbar" aria-label="Making your tenant">
        <span />
      </div>
      <p role="status">
        {late
          ? "This takes longer than it should. You need not wait here: it goes on without you, and you can sign in later."
          : "This takes a few seconds. You will be led on by itself."}
      </p>
      <button type="button" class="button" onClick={() => void signOut()}>
        Sign out
      </button>
    </main>
  );
}
