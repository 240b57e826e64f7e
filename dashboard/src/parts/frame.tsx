import type { ComponentChildren } from "preact";
import { signOut } from "../data/account";
import { getTenant } from "../data/api";
import { useAction, useLoad, usePerson } from "../data/hooks";
import { dismissSwitch, type Switched } from "../data/session";
import { Face, Folder, Home, House, Leave, Logo } from "./icons";

const PLACES = [
  { path: "/dashboard", name: "Dashboard", Icon: Home },
  { path: "/files", name: "Files", Icon: Folder },
  { path: "/tenant", name: "Tenant", Icon: House },
  { path: "/profile", name: "Profile", Icon: Face },
];

/** What stands around every page. */
export function Frame({
  path,
  switched,
  children,
}: {
  path: string;
  switched: Switched | undefined;
  children: ComponentChildren;
}) {
  const person = usePerson();
  const leave = useAction(signOut);
  return (
    <div class="frame">
      <a class="skip" href="#content">
        Skip to content
      </a>
      <header class="brand">
        <a href="/dashboard" class="wordmark">
          <Logo />
          Tenantry
        </a>
      </header>
      <nav aria-label="Main" class="places">
        <ul>
          {PLACES.map(({ path: to, name, Icon }) => (
            <li key={to}>
              <a href={to} aria-current={path === to ? "page" : undefined}>
                <Icon />
                {name}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <div class="me">
        <div class="me-name">
          <strong>{person.name}</strong>
          <span>{person.email}</span>
        </div>
        <button type="button" class="quiet" aria-busy={leave.busy} onClick={() => void leave.run()}>
          <Leave />
          <span>Sign out</span>
        </button>
      </div>
      <main id="content" tabIndex={-1}>
        {/* Always there, so that a screen reader says what appears in it. */}
        <div role="status" class={switched ? "notice switched" : "none"}>
          {switched && <Switch key={person.tenant} tenant={person.tenant} refused={switched.refused} />}
        </div>
        {children}
      </main>
    </div>
  );
}

function Switch({ tenant, refused }: { tenant: string; refused: boolean }) {
  const details = useLoad(`tenant ${tenant}`, (signal) => getTenant(tenant, signal));
  return (
    <>
      <p>
        You switched to another tenant in another tab or window. The active tenant is now{" "}
        <strong>{details.value?.name ?? tenant}</strong>.{refused && " Your last change was not saved."}
      </p>
      <button type="button" class="quiet" onClick={dismissSwitch}>
        Close<span class="aloud"> this message</span>
      </button>
    </>
  );
}
