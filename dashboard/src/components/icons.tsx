import type { ComponentChildren } from "preact";

function Icon({ children }: { children: ComponentChildren }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}

/** The logo: four windows, one of them lit. */
export const Logo = () => (
  <svg class="logo" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
    <rect class="logo-wall" width="32" height="32" rx="8" />
    <rect class="logo-lit" x="7" y="7" width="8" height="8" rx="2" />
    <rect class="logo-dark" x="17" y="7" width="8" height="8" rx="2" />
    <rect class="logo-dark" x="7" y="17" width="8" height="8" rx="2" />
    <rect class="logo-dark" x="17" y="17" width="8" height="8" rx="2" />
  </svg>
);
export const Home = () => (
  <Icon>
    <path d="M4 13h7V4H4zm0 7h7v-4H4zm9 0h7v-9h-7zm0-16v4h7V4z" />
  </Icon>
);
export const Folder = () => (
  <Icon>
    <path d="M3.5 18V6.5a1 1 0 0 1 1-1h4.8l2 2.5h8.2a1 1 0 0 1 1 1V18a1 1 0 0 1-1 1h-15a1 1 0 0 1-1-1z" />
  </Icon>
);
export const Building = () => (
  <Icon>
    <path d="M5 20V5a1 1 0 0 1 1-1h8a1 1 0 0 1 1 1v15M15 10h3a1 1 0 0 1 1 1v9M3 20h18M8.5 8h3M8.5 12h3M8.5 16h3" />
  </Icon>
);
export const Profile = () => (
  <Icon>
    <circle cx="12" cy="8.5" r="4" />
    <path d="M4.5 20c.8-3.6 3.8-5.5 7.5-5.5s6.700 1.900 7.500 5.500" />
  </Icon>
);
export const SignOut = () => (
  <Icon>
    <path d="M10 4H6a1 1 0 0 0-1 1v14a1 1 0 0 0 1 1h4M15 8l4 4-4 4M19 12H9.500" />
  </Icon>
);
export const Check = () => (
  <Icon>
    <path d="M5 12.500l4.500 4.500L19 7.500" />
  </Icon>
);
export const Dot = () => (
  <Icon>
    <circle cx="12" cy="12" r="2.500" />
  </Icon>
);
export const FileIcon = () => (
  <Icon>
    <path d="M7 3.500h7l4 4V20a.5.5 0 0 1-.5.5h-10.500a.5.5 0 0 1-.5-.5V4a.5.5 0 0 1 .5-.5zM13.500 4v4h4" />
  </Icon>
);
export const Copy = () => (
  <Icon>
    <path d="M9 9h10v11H9zM15 9V4H5v11h4" />
  </Icon>
);
