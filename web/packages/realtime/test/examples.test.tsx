import { act, cleanup, configure, render, screen } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { AppointmentCalendar } from "../../../examples/appointment-calendar";
import { CustomerAppointments } from "../../../examples/customer-appointments";
import { CustomerList } from "../../../examples/customer-list";
import { ToastProvider } from "../../../examples/use-toast";
import { watchWorkspace } from "../../../examples/without-react";
import { hubOf, RealtimeProvider } from "../src";
import { Backend } from "./support/backend";
import { pass } from "./support/settle";

let backend: Backend;
let client: ReturnType<Backend["client"]>;

const elapse = (ms: number) => act(() => pass(ms));
const items = () =>
  [...screen.getByRole("list", { name: "My appointments" }).children].map(
    (item) => item.textContent,
  );

function add(id: string, start_time = "2026-01-01T10:00:00+00:00") {
  const of = { workspace_id: "salon", customer_id: "clara", status: "pending" };
  return backend.insert("appointments", { id, ...of, customer_name: id, start_time });
}

async function show(example: ReactNode) {
  render(
    <RealtimeProvider client={client}>
      <ToastProvider>{example}</ToastProvider>
    </RealtimeProvider>,
  );
  await elapse(100);
}

beforeEach(() => {
  configure({ reactStrictMode: true });
  vi.useFakeTimers();
  backend = new Backend();
  client = backend.client();
});

afterEach(async () => {
  cleanup();
  hubOf(client).close();
  await pass(60_000);
  vi.useRealTimers();
});

test("the calendar shows a toast for each insert, update and delete", async () => {
  add("Clara");
  await show(<AppointmentCalendar workspaceId="salon" />);
  expect(screen.getByRole("region", { name: "Calendar" }).textContent).toContain("Clara");
  expect(screen.getByRole("status").children).toHaveLength(0);

  act(() => {
    add("Otto");
    backend.update("appointments", "Otto", { start_time: "2026-01-02T10:00:00+00:00" });
    backend.update("appointments", "Otto", { status: "confirmed" });
    backend.delete("appointments", "Clara");
  });
  await elapse(50);

  const titles = [...screen.getByRole("status").children].map(
    (toast) => toast.querySelector("strong")?.textContent,
  );
  expect(titles).toEqual([
    "New appointment",
    "Appointment moved",
    "Appointment changed",
    "Appointment deleted",
  ]);
  const calendar = screen.getByRole("region", { name: "Calendar" }).textContent;
  expect(calendar).toContain("Otto");
  expect(calendar).not.toContain("Clara");
});

test.each([
  ["that keeps them itself", <CustomerAppointments key="own" customerId="clara" />],
  ["that the library keeps", <CustomerList key="library" customerId="clara" />],
])("the customer's list %s follows the appointments", async (_, example) => {
  add("a");
  await show(example);
  expect(items()).toEqual([expect.stringContaining("pending")]);

  act(() => {
    add("b", "2026-01-03T10:00:00+00:00");
    backend.update("appointments", "a", { status: "confirmed" });
  });
  await elapse(50);
  expect(items()).toEqual([
    expect.stringContaining("confirmed"),
    expect.stringContaining("pending"),
  ]);

  act(() => backend.delete("appointments", "a"));
  await elapse(300);
  expect(items()).toEqual([expect.stringContaining("pending")]);
});

test("without React, a line tells of each change until it is stopped", async () => {
  const lines: string[] = [];
  const stop = watchWorkspace(client, "salon", (line) => lines.push(line));
  await pass(100);

  add("Clara");
  backend.update("appointments", "Clara", { status: "confirmed" });
  backend.delete("appointments", "Clara");
  stop();
  add("Otto");

  expect(lines).toEqual([
    "channel: joining",
    "channel: live",
    "Clara booked 2026-01-01T10:00:00+00:00",
    "Clara: pending → confirmed",
    "Clara deleted",
  ]);
});
