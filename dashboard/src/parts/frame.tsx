import type { ComponentChildren } from "preact";
import { usePerson } from "../data/hooks";
import { signOut } from "../data/session";
import { Face, Folder, Home, House, Leave, Logo } from "./icons";

const PLACES = [
  { path: "/dashboard", name: "Dashboard", Icon: Home },
  { path: "/files", name: "Files", Icon: Folder },
  { path: "/tenant", name: "Tenant", Icon: House },
  { path: "/profile", name: "Profile", Icon: Face },
];

/** What stands around every page. */
export function Frame({ path, children }: { path: string; children: ComponentChildren }) {
  const person = usePerson();
  return (
    <div class="frame">
      <a class="skip" href="#content">
        Skip to the content
      </a>
      <header class="brand">
        <a href="/dashboard" class="wordmark">
          <Logo />
          Tenantry
        </a>
      </header>
      <nav aria-label="Pages" class="places">
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
        <button type="button" class="quiet" onClick={() => void signOut()}>
          <Leave />
          <span>Sign out</span>
        </button>
      </div>
      <main id="content" tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}
