import "@slotcast/ui/styles.css";
import { loadConfig, readyTemporal, setUpI18n, setUpTheme } from "@slotcast/ui";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/app";
import { StartFailed } from "./app/failures";

const element = document.getElementById("root");
if (!element) throw new Error("The page has no element #root");
const root = createRoot(element);

async function start(): Promise<void> {
  setUpTheme();
  await setUpI18n({
    en: async () => (await import("./locales/en")).en,
    fr: async () => (await import("./locales/fr")).fr,
  });
  try {
    const [config] = await Promise.all([loadConfig(), readyTemporal()]);
    root.render(
      <StrictMode>
        <App config={config} />
      </StrictMode>,
    );
  } catch {
    root.render(<StartFailed />);
  }
}

void start();
