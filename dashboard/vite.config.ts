import preact from "@preact/preset-vite";
import { defineConfig } from "vite";

export default defineConfig({
  // Without the devtools hook and the prefresh runtime nothing in the bundle needs `eval` or an inline script.
  plugins: [preact({ devToolsEnabled: false })],
  build: {
    target: "es2022",
    // Inlined, an image would be a `data:` address, which the dashboard's content security policy does not allow.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
