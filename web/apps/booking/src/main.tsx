import "@slotcast/ui/styles.css";
import { RealtimeProvider } from "@slotcast/realtime";
import {
  enterDemo,
  loadAfterFirstPress,
  loadConfig,
  makeClient,
  readyTemporal,
  SessionProvider,
  setUpI18n,
  setUpTheme,
} from "@slotcast/ui";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/app";
import { ErrorPage } from "./app/error-page";
import { forgetYou } from "./features/booking/you";
import { en } from "./locales/en";

const APP = "booking";

/** What queries ask about a person begins with one of these. */
const PERSONAL = new Set<unknown>(["profile", "calendar-token", "places"]);

async function start(root: HTMLElement): Promise<void> {
  setUpTheme();
  loadAfterFirstPress();
  const [config] = await Promise.all([
    loadConfig().catch(() => null),
    readyTemporal(),
    setUpI18n({
      en: async () => en,
      fr: async () => (await import("./locales/fr")).fr,
    }),
  ]);
  if (!config) {
    createRoot(root).render(<ErrorPage reason="unreachable" />);
    return;
  }
  const client = makeClient(config, APP);
  const hasEntered = await enterDemo(client, config);
  const queries = new QueryClient();

  /** On shared computers nothing of somebody stays behind, but what they did not know that they leave. */
  function forgetUser(isAsked: boolean): void {
    if (isAsked) forgetYou();
    queries.removeQueries({ predicate: ({ queryKey }) => PERSONAL.has(queryKey[0]) });
  }

  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <SessionProvider
          app={APP}
          client={client}
          config={config}
          initialNotice={hasEntered ? null : "notEntered"}
          onSignedOut={forgetUser}
        >
          <RealtimeProvider client={client} afterSignOut="anonymous">
            <App />
          </RealtimeProvider>
        </SessionProvider>
      </QueryClientProvider>
    </StrictMode>,
  );
}

const root = document.getElementById("root");
if (!root) throw new Error("The page has no element #root");
void start(root);
