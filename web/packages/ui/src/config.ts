/** Where the server is and what it is; the server says so at /config.json, so that one build serves everywhere. */
export interface Config {
  /** Base of /rest/v1, /auth/v1 and /realtime/v1. */
  url: string;
  publishableKey: string;
  /** Whether there are accounts and a simulated customer to try things with. */
  demo: boolean;
}

/** An account that anybody may use, in demo mode only. */
export interface DemoAccount {
  email: string;
  password: string;
  name: string;
  role: string;
  workspace: string;
}

export class ConfigError extends Error {
  override name = "ConfigError";
}

/** Asks the server that serves this page. */
export async function loadConfig(): Promise<Config> {
  const answer = await readJson("/config.json");
  if (!isRecord(answer) || typeof answer.publishableKey !== "string") {
    throw new ConfigError("/config.json names no publishableKey");
  }
  const url = typeof answer.url === "string" && answer.url !== "" ? answer.url : location.origin;
  return { url, publishableKey: answer.publishableKey, demo: answer.demo === true };
}

/** The accounts of the demo; none when the server has no demo. */
export async function loadDemoAccounts(): Promise<DemoAccount[]> {
  const answer = await readJson("/demo.json").catch(() => null);
  return isRecord(answer) && Array.isArray(answer.accounts)
    ? answer.accounts.filter(isDemoAccount)
    : [];
}

async function readJson(path: string): Promise<unknown> {
  const response = await fetch(path, { credentials: "same-origin" });
  if (!response.ok) throw new ConfigError(`${path}: ${response.status}`);
  return response.json();
}

function isDemoAccount(value: unknown): value is DemoAccount {
  return (
    isRecord(value) &&
    ["email", "password", "name", "role", "workspace"].every(
      (key) => typeof value[key] === "string",
    )
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
