// Builds both apps at once, so that what they share is one file, into the Python package.
import { resolve } from "node:path";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const here = import.meta.dirname;

/** Where the apps are served, and the page that answers for everything below. */
const MOUNTS = { "/dashboard/": "/dashboard/index.html", "/book/": "/booking/index.html" };

/** Gives `vite dev` the deep links that the Python server gives the built apps. */
function deepLinks(): Plugin {
  return {
    name: "slotcast-deep-links",
    configureServer(server) {
      server.middlewares.use((request, _response, next) => {
        const wantsPage = request.headers.accept?.includes("text/html") ?? false;
        for (const [mount, page] of Object.entries(MOUNTS)) {
          if (wantsPage && request.url?.startsWith(mount)) request.url = page;
        }
        next();
      });
    },
  };
}

/** What supabase-js always brings along, and the apps have no use for. */
const UNUSED = [
  { find: "@supabase/storage-js", replacement: resolve(here, "unused/storage.ts") },
  { find: "@supabase/functions-js", replacement: resolve(here, "unused/functions.ts") },
  // Modules of auth-js, by the names it has for them.
  {
    find: /^\.\/lib\/(webauthn|web3\/ethereum)$/,
    replacement: resolve(here, "unused/auth.ts"),
  },
];

const slotcast = {
  target: process.env.SLOTCAST_URL ?? "http://127.0.0.1:54321",
  changeOrigin: true,
};

export default defineConfig({
  root: resolve(here, "apps"),
  base: "/",
  plugins: [react(), tailwindcss(), deepLinks()],
  resolve: { alias: UNUSED },
  build: {
    outDir: resolve(here, "../src/slotcast/web"),
    emptyOutDir: true,
    assetsDir: "app-assets",
    target: "es2022",
    rolldownOptions: {
      input: {
        dashboard: resolve(here, "apps/dashboard/index.html"),
        booking: resolve(here, "apps/booking/index.html"),
      },
    },
  },
  server: {
    proxy: {
      "/rest/v1": slotcast,
      "/auth/v1": slotcast,
      "/realtime/v1": { ...slotcast, ws: true },
      "/config.json": slotcast,
      "/demo": slotcast,
      "/demo.json": slotcast,
    },
  },
});
