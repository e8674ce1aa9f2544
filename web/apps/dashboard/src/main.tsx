import "@slotcast/ui/styles.css";
import {
  enterDemo,
  loadAfterFirstPress,
  loadConfig,
  makeClient,
  readyTemporal,
  setUpI18n,
  setUpTheme,
} from "@slotcast/ui";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/app";
import { StartFailed } from "./app/failures";

const element = document.getElementById("root");
if (!element) throw new Error("The page has no element #root");
const root = createRoot(element);

async function start(): Promise<void> {
  setUpTheme();
  loadAfterFirstPress();
  await setUpI18n({
    en: async () => (await import("./locales/en")).en,
    fr: async () => (await import("./locales/fr")).fr,
  });
  try {
    const [config] = await Promise.all([loadConfig(), readyTemporal()]);
    const client = makeClient(config, "dashboard");
    const hasEntered = await enterDemo(client, config);
    root.render(
      <StrictMode>
        <App config={config} client={client} notice={hasEntered ? null : "notEntered"} />
      </StrictMode>,
    );
  } catch {
    root.render(<StartFailed />);
  }
}

void start();
