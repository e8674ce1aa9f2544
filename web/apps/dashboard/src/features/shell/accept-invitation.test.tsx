import { SessionProvider, setUpI18n } from "@slotcast/ui";
import { createClient } from "@supabase/supabase-js";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { AcceptInvitation } from "./accept-invitation";
import { en } from "./locale/en";

const UNKNOWN = { code: "PT404", message: "none", details: null, hint: "no_such_invitation" };
const config = { url: "http://salon.example", publishableKey: "key", demo: false };

beforeEach(() => setUpI18n({ en: async () => ({ shell: en }), fr: async () => ({ shell: en }) }));
afterEach(cleanup);

interface Answer {
  status: number;
  body: unknown;
}

/** Opens the link of an invitation to the salon, at a server that gives these answers. */
function open(accepting: Answer, memberships: object[] = []) {
  const accepted = vi.fn();
  async function fetch(input: RequestInfo | URL): Promise<Response> {
    if (!String(input).includes("/rpc/accept_invitation")) return Response.json(memberships);
    accepted();
    return Response.json(accepting.body, { status: accepting.status });
  }
  const client = createClient(config.url, config.publishableKey, {
    global: { fetch },
    // Or each would warn of the one of the test before.
    auth: { storageKey: `salon-${crypto.randomUUID()}` },
  });
  const done = vi.fn();
  render(
    <QueryClientProvider client={new QueryClient()}>
      <SessionProvider app="dashboard" client={client} config={config}>
        <AcceptInvitation token="secret" workspace="salon" onDone={done} />
      </SessionProvider>
    </QueryClientProvider>,
  );
  return { accepted, done };
}

const join = () => fireEvent.click(screen.getByRole("button", { name: "Join salon" }));

test("who opens an invitation joins once they say so", async () => {
  const { accepted, done } = open({ status: 200, body: "salon" });
  dispatchEvent(new Event("visibilitychange"));
  expect(accepted).not.toHaveBeenCalled();

  join();

  await vi.waitFor(() => expect(done.mock.calls).toEqual([["salon"]]));
  expect(accepted).toHaveBeenCalledOnce();
});

test("who is a member by now is let in, though the invitation is used", async () => {
  const { done } = open({ status: 404, body: UNKNOWN }, [{ workspaces: { slug: "salon" } }]);

  join();

  await vi.waitFor(() => expect(done.mock.calls).toEqual([["salon"]]));
});

test("who is none is told why they are not let in", async () => {
  const { done } = open({ status: 404, body: UNKNOWN });

  join();

  const refusal = await screen.findByRole("alert");
  expect(refusal.textContent).toContain("This invitation is unknown");
  expect(screen.queryByText("Join salon")).toBeNull();
  fireEvent.click(screen.getByText("Go to the dashboard"));
  expect(done.mock.calls).toEqual([[]]);
});
