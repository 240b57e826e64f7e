import { render } from "preact";
import { App } from "./app";
import { LoadError } from "./components/load-error";
import { loadConfig } from "./data/config";
import { start } from "./data/session";
import { watchSettings } from "./data/settings-sync";
import "./style.css";

// A page that was open during a deployment requests assets that no longer exist.
window.addEventListener("vite:preloadError", () => window.location.reload());

const root = document.getElementById("app") as HTMLElement;
try {
  await start(await loadConfig());
  watchSettings();
  render(<App />, root);
} catch (error) {
  console.error(error);
  render(<LoadError />, root);
}
