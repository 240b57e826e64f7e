import { render } from "preact";
import { App } from "./app";
import { loadConfig } from "./data/config";
import { start } from "./data/session";
import { watch } from "./data/watch";
import { Broken } from "./parts/broken";
import "./style.css";

// A page that was open while another version was published asks for files that are gone.
window.addEventListener("vite:preloadError", () => window.location.reload());

const root = document.getElementById("app") as HTMLElement;
try {
  await start(await loadConfig());
  watch();
  render(<App />, root);
} catch (error) {
  console.error(error);
  render(<Broken />, root);
}
