import { useEffect, useErrorBoundary } from "preact/hooks";
import { ErrorBoundary, LocationProvider, lazy, Route, Router, useLocation } from "preact-iso";
import { useSession } from "./data/hooks";
import type { Why } from "./data/session";
import { Broken } from "./parts/broken";
import { Frame } from "./parts/frame";
import { Waiting } from "./parts/waiting";

const Login = lazy(() => import("./pages/login"));
const Dashboard = lazy(() => import("./pages/dashboard"));
const Files = lazy(() => import("./pages/files"));
const Tenant = lazy(() => import("./pages/tenant"));
const Profile = lazy(() => import("./pages/profile"));
const NotFound = lazy(() => import("./pages/not-found"));

export function App() {
  const [error] = useErrorBoundary((caught) => console.error(caught));
  if (error) return <Broken />;
  return (
    <LocationProvider>
      <Gate />
    </LocationProvider>
  );
}

/** Show a page to those who are signed in and have a tenant; lead the others where they get that. */
function Gate() {
  const now = useSession();
  const { path, url, query, route } = useLocation();
  const atLogin = path === "/login";
  const away =
    now.state === "in" && now.person.tenant && atLogin
      ? next(query)
      : now.state === "in" && path === "/"
        ? "/dashboard"
        : undefined;
  const login = now.state === "out" && !atLogin ? `/login${back(url, now.why)}` : undefined;
  useEffect(() => {
    const to = away ?? login;
    if (to) route(to, true);
  }, [away, login, route]);

  if (away || login || now.state === "starting") return null;
  if (now.state === "out") {
    return (
      <ErrorBoundary>
        <Router>
          <Route path="/login" component={Login} />
          <Route default component={Login} />
        </Router>
      </ErrorBoundary>
    );
  }
  if (!now.person.tenant) return <Waiting person={now.person} />;
  return (
    <Frame path={path} switched={now.switched}>
      {/* With another tenant, nothing of what was shown or typed for the one before is left. */}
      <ErrorBoundary key={now.person.tenant}>
        <Router>
          <Route path="/dashboard" component={Dashboard} />
          <Route path="/files" component={Files} />
          <Route path="/tenant" component={Tenant} />
          <Route path="/profile" component={Profile} />
          <Route default component={NotFound} />
        </Router>
      </ErrorBoundary>
    </Frame>
  );
}

function back(url: string, why: Why): string {
  const query = new URLSearchParams();
  if (why !== "stranger" && why !== "expired") return "";
  if (url !== "/" && url !== "/dashboard") query.set("next", url);
  if (why === "expired") query.set("expired", "");
  const text = String(query).replace(/=(?=&|$)/g, "");
  return text && `?${text}`;
}

/** Return where somebody was going, if that is a path of this page: another site's address must not get in here. */
function next(query: Record<string, string>): string {
  const wanted = query.next ?? "";
  return /^\/(?![/\\])/.test(wanted) && !wanted.startsWith("/login") ? wanted : "/dashboard";
}
