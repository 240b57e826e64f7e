import { useEffect, useErrorBoundary } from "preact/hooks";
import { ErrorBoundary, LocationProvider, lazy, Route, Router, useLocation } from "preact-iso";
import { Layout } from "./components/layout";
import { LoadError } from "./components/load-error";
import { NoActiveTenant } from "./components/no-active-tenant";
import { useSession } from "./data/hooks";
import type { SignOutReason } from "./data/session";

const Login = lazy(() => import("./pages/login"));
const Dashboard = lazy(() => import("./pages/dashboard"));
const Files = lazy(() => import("./pages/files"));
const Tenant = lazy(() => import("./pages/tenant"));
const Profile = lazy(() => import("./pages/profile"));
const NotFound = lazy(() => import("./pages/not-found"));

export function App() {
  const [error] = useErrorBoundary((caught) => console.error(caught));
  if (error) return <LoadError />;
  return (
    <LocationProvider>
      <SessionRoutes />
    </LocationProvider>
  );
}

/** Show a page to users with a session and an active tenant; redirect all others. */
function SessionRoutes() {
  const now = useSession();
  const { path, url, query, route } = useLocation();
  const atLogin = path === "/login";
  const landing =
    now.state === "signed-in" && now.user.tenant && atLogin
      ? pathAfterLogin(query)
      : now.state === "signed-in" && path === "/"
        ? "/dashboard"
        : undefined;
  const login = now.state === "signed-out" && !atLogin ? `/login${loginQuery(url, now.reason)}` : undefined;
  useEffect(() => {
    const to = landing ?? login;
    if (to) route(to, true);
  }, [landing, login, route]);

  if (landing || login || now.state === "starting") return null;
  if (now.state === "signed-out") {
    return (
      <ErrorBoundary>
        <Router>
          <Route path="/login" component={Login} />
          <Route default component={Login} />
        </Router>
      </ErrorBoundary>
    );
  }
  if (!now.user.tenant) return <NoActiveTenant user={now.user} />;
  return (
    <Layout path={path} switched={now.switched}>
      {/* The key resets all content and input when the tenant changes. */}
      <ErrorBoundary key={now.user.tenant}>
        <Router>
          <Route path="/dashboard" component={Dashboard} />
          <Route path="/files" component={Files} />
          <Route path="/tenant" component={Tenant} />
          <Route path="/profile" component={Profile} />
          <Route default component={NotFound} />
        </Router>
      </ErrorBoundary>
    </Layout>
  );
}

function loginQuery(url: string, reason: SignOutReason): string {
  const query = new URLSearchParams();
  if (reason !== "not-signed-in" && reason !== "expired") return "";
  if (url !== "/" && url !== "/dashboard") query.set("next", url);
  if (reason === "expired") query.set("expired", "");
  const text = String(query).replace(/=(?=&|$)/g, "");
  return text && `?${text}`;
}

/** Return the path that the user asked for, only if it is on this site: `next` must not redirect to another origin. */
function pathAfterLogin(query: Record<string, string>): string {
  const wanted = query.next ?? "";
  return /^\/(?![/\\])/.test(wanted) && !wanted.startsWith("/login") ? wanted : "/dashboard";
}
