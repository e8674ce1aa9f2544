import "@slotcast/ui/styles.css";
import { RealtimeProvider } from "@slotcast/realtime";
import {
  loadConfig,
  makeClient,
  readyTemporal,
  SessionProvider,
  setUpI18n,
  setUpTheme,
} from "@slotcast/ui";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { router } from "./app/router";
import { forgetYou } from "./features/booking/you";
import { en } from "./locales/en";

async function start(root: HTMLElement): Promise<void> {
  setUpTheme();
  const [config] = await Promise.all([
    loadConfig(),
    readyTemporal(),
    setUpI18n({
      en: async () => en,
      fr: async () => (await import("./locales/fr")).fr,
    }),
  ]);
  const client = makeClient(config, "booking");
  const queries = new QueryClient();

  /** On shared computers nothing of somebody stays behind; what is public does. */
  function forgetUser(): void {
    forgetYou();
    queries.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== "times" });
  }

  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <SessionProvider client={client} config={config} onSignedOut={forgetUser}>
          <RealtimeProvider client={client} afterSignOut="anonymous">
            <RouterProvider router={router} />
          </RealtimeProvider>
        </SessionProvider>
      </QueryClientProvider>
    </StrictMode>,
  );
}

const root = document.getElementById("root");
if (!root) throw new Error("The page has no element #root");
void start(root);
