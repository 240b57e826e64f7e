import type { ComponentChildren } from "preact";
import { signOut } from "../data/account";
import { getTenant } from "../data/api";
import { useAction, useLoad, useUser } from "../data/hooks";
import { dismissTenantSwitch, type TenantSwitch } from "../data/session";
import { Building, Folder, Home, Logo, Profile, SignOut } from "./icons";

const NAVIGATION = [
  { path: "/dashboard", name: "Dashboard", Icon: Home },
  { path: "/files", name: "Files", Icon: Folder },
  { path: "/tenant", name: "Tenant", Icon: Building },
  { path: "/profile", name: "Profile", Icon: Profile },
];

/** The header, navigation and account menu around every page. */
export function Layout({
  path,
  switched,
  children,
}: {
  path: string;
  switched: TenantSwitch | undefined;
  children: ComponentChildren;
}) {
  const user = useUser();
  const leave = useAction(signOut);
  return (
    <div class="layout">
      <a class="skip" href="#content">
        Skip to content
      </a>
      <header class="brand">
        <a href="/dashboard" class="wordmark">
          <Logo />
          Tenantry
        </a>
      </header>
      <nav aria-label="Main" class="navigation">
        <ul>
          {NAVIGATION.map(({ path: to, name, Icon }) => (
            <li key={to}>
              <a href={to} aria-current={path === to ? "page" : undefined}>
                <Icon />
                {name}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <div class="account">
        <div class="account-name">
          <strong>{user.name}</strong>
          <span>{user.email}</span>
        </div>
        <button type="button" class="quiet" aria-busy={leave.busy} onClick={() => void leave.run()}>
          <SignOut />
          <span>Sign out</span>
        </button>
      </div>
      <main id="content" tabIndex={-1}>
        {/* Always rendered, so that screen readers announce changes in it. */}
        <div role="status" class={switched ? "notice switched" : "hidden"}>
          {switched && <TenantSwitchNotice key={user.tenant} tenant={user.tenant} refused={switched.refused} />}
        </div>
        {children}
      </main>
    </div>
  );
}

function TenantSwitchNotice({ tenant, refused }: { tenant: string; refused: boolean }) {
  const details = useLoad(`tenant ${tenant}`, (signal) => getTenant(tenant, signal));
  return (
    <>
      <p>
        You switched to another tenant in another tab or window. The active tenant is now{" "}
        <strong>{details.value?.name ?? tenant}</strong>.{refused && " Your last change was not saved."}
      </p>
      <button type="button" class="quiet" onClick={dismissTenantSwitch}>
        Close<span class="visually-hidden"> this message</span>
      </button>
    </>
  );
}
