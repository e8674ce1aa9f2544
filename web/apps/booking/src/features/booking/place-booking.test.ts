// @vitest-environment node
import { createClient } from "@supabase/supabase-js";
import { expect, test } from "vitest";
import { type BookingRequest, placeBooking } from "./place-booking";

const USER = "00000001-0000-4000-8000-000000000003";
const REQUEST: BookingRequest = {
  id: "00000000-0000-4000-8000-000000000007",
  userId: USER,
  workspaceId: "00000002-0000-4000-8000-000000000001",
  serviceId: "00000003-0000-4000-8000-000000000001",
  memberId: null,
  start: "2026-11-24T13:00:00.000Z",
  name: " Clara ",
  phone: "",
  notes: "",
  locale: "en",
};

interface Call {
  method: string;
  path: string;
  body: unknown;
}

/** Answers what the handler says for "METHOD table", and 204 to the rest; undefined is a broken connection. */
function serverWith(answers: Record<string, () => Response | undefined>) {
  const calls: Call[] = [];
  async function answer(input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> {
    const path = new URL(String(input)).pathname.replace("/rest/v1/", "");
    const method = init.method ?? "GET";
    calls.push({ method, path, body: init.body ? JSON.parse(String(init.body)) : undefined });
    const handler = answers[`${method} ${path}`];
    const response = handler ? handler() : new Response(null, { status: 204 });
    if (!response) throw new TypeError("Failed to fetch");
    return response;
  }
  const client = createClient("http://shop.test", "key", {
    auth: { persistSession: false, autoRefreshToken: false },
    db: { retry: false },
    global: { fetch: answer },
  });
  return { client, calls };
}

function json(status: number, body: unknown) {
  return () => Response.json(body, { status });
}

const TAKEN = json(400, { code: "23P01", message: "conflicts", hint: null, details: null });

test("leaves to the server what is the server's to decide", async () => {
  const { client, calls } = serverWith({ "POST appointments": json(201, { id: REQUEST.id }) });

  const placed = await placeBooking(client, REQUEST);

  expect(placed.kind).toBe("booked");
  expect(calls.find(({ method }) => method === "POST")?.body).toEqual({
    id: REQUEST.id,
    workspace_id: REQUEST.workspaceId,
    customer_id: USER,
    service_id: REQUEST.serviceId,
    team_member_id: null,
    customer_name: "Clara",
    start_time: REQUEST.start,
    notes: null,
    mutation_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
  });
});

test("a time that somebody else has is taken", async () => {
  const { client } = serverWith({
    "POST appointments": TAKEN,
    "GET appointments": json(200, []),
  });

  expect(await placeBooking(client, REQUEST)).toEqual({ kind: "taken" });
});

test("a time that an earlier try of one's own has is booked, not taken", async () => {
  const { client } = serverWith({
    "POST appointments": TAKEN,
    "GET appointments": json(200, [{ id: REQUEST.id }]),
  });

  expect(await placeBooking(client, REQUEST)).toMatchObject({ kind: "booked" });
});

test("when the answer is lost on the way, the booking is found", async () => {
  const { client } = serverWith({
    "POST appointments": () => undefined,
    "GET appointments": json(200, [{ id: REQUEST.id }]),
  });

  expect(await placeBooking(client, REQUEST)).toMatchObject({ kind: "booked" });
});

test("a refusal is handed on with its hint", async () => {
  const { client } = serverWith({
    "POST appointments": json(400, { code: "P0001", hint: "outside_window", message: "too soon" }),
    "GET appointments": json(200, []),
  });

  expect(await placeBooking(client, REQUEST)).toMatchObject({
    kind: "refused",
    error: { code: "P0001", hint: "outside_window" },
  });
});

test("nothing is booked for somebody whose name could not be saved", async () => {
  const { client, calls } = serverWith({ "PATCH profiles": () => undefined });

  const placed = await placeBooking(client, REQUEST);

  expect(placed.kind).toBe("refused");
  expect(calls.some(({ method }) => method === "POST")).toBe(false);
});
