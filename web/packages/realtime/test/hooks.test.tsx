import { act, cleanup, configure, fireEvent, render, screen } from "@testing-library/react";
import { Profiler } from "react";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  hubOf,
  type LiveRow,
  RealtimeProvider,
  setSupabaseClient,
  subscribeToCustomerAppointments,
  subscribeToTeamMemberAppointments,
  subscribeToWorkspaceAppointments,
  useConnection,
  useCustomerAppointments,
  useLiveTable,
  useSupabase,
  useTeamMemberAppointments,
  useWorkspaceAppointments,
} from "../src";
import type { Appointment } from "../src/database";
import { Backend, type Row } from "./support/backend";
import { pass } from "./support/settle";

type Client = ReturnType<Backend["client"]>;

let backend: Backend;
let client: Client;

const elapse = (ms: number) => act(() => pass(ms));

function page(children: React.ReactNode) {
  return <RealtimeProvider client={client}>{children}</RealtimeProvider>;
}

const names = (rows: readonly LiveRow<Appointment>[]) =>
  rows.map((row) => row.customer_name).join(", ");

function add(id: string, more: Record<string, unknown> = {}) {
  return backend.insert("appointments", {
    id,
    workspace_id: "salon",
    customer_name: id,
    start_time: "2026-01-01T10:00:00+00:00",
    ...more,
  });
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

function List(props: {
  onInsert?: (name: string) => void;
  onUpdate?: (name: string) => void;
  onDelete?: (name: string) => void;
}) {
  const { appointments, status, isLoading } = useWorkspaceAppointments("salon", {
    onInsert: (payload) => props.onInsert?.(payload.new.customer_name),
    onUpdate: (payload) => props.onUpdate?.(payload.new.customer_name),
    onDelete: (payload) => props.onDelete?.(String(payload.old.customer_name)),
  });
  return <p>{isLoading ? "loading" : `${status}: ${names(appointments)}`}</p>;
}

const text = () => screen.getByRole("paragraph").textContent;

describe("useWorkspaceAppointments", () => {
  test("shows what is there, and what comes", async () => {
    add("Clara");
    render(page(<List />));
    expect(text()).toBe("loading");
    await elapse(100);
    expect(text()).toBe("live: Clara");

    act(() => {
      add("Otto");
    });
    await elapse(50);
    expect(text()).toBe("live: Clara, Otto");
  });

  test("has one channel in StrictMode, in two components, and after a thousand renderings", async () => {
    const { rerender, unmount } = render(page([<List key="1" />, <List key="2" />]));
    await elapse(100);
    for (let count = 0; count < 1_000; count += 1) {
      rerender(page([<List key="1" onInsert={() => {}} />, <List key="2" />]));
    }
    await elapse(5_000);
    expect(backend.joined).toHaveLength(1);
    expect(backend.left).toHaveLength(0);

    unmount();
    await pass(1_100);
    expect(backend.left).toHaveLength(1);
  });

  test("calls the handlers of the last rendering, each once, without joining anew", async () => {
    const before = vi.fn();
    const after = { onInsert: vi.fn(), onUpdate: vi.fn(), onDelete: vi.fn() };
    const { rerender } = render(page(<List onInsert={before} />));
    await elapse(100);
    rerender(page(<List {...after} />));

    act(() => {
      add("Clara");
      backend.update("appointments", "Clara", { customer_name: "Clara B." });
      backend.delete("appointments", "Clara");
    });

    expect(before).not.toHaveBeenCalled();
    expect(after.onInsert.mock.calls).toEqual([["Clara"]]);
    expect(after.onUpdate.mock.calls).toEqual([["Clara B."]]);
    expect(after.onDelete.mock.calls).toEqual([["Clara B."]]);
    expect(backend.joined).toHaveLength(1);
  });

  test("opens nothing before the id is known, or while it is not enabled", async () => {
    function Unknown() {
      const { appointments, status, isLoading } = useWorkspaceAppointments(undefined);
      useWorkspaceAppointments("salon", {}, { enabled: false });
      return <p>{`${status} ${isLoading} ${appointments.length}`}</p>;
    }
    render(page(<Unknown />));
    await elapse(1_000);

    expect(text()).toBe("idle false 0");
    expect(backend.joined).toEqual([]);
    expect(backend.requests).toEqual([]);
  });

  test("keeps the channel while its range moves", async () => {
    add("early", { start_time: "2026-01-01T10:00:00+00:00" });
    add("late", { start_time: "2026-01-09T10:00:00+00:00" });
    function Week({ from, to }: { from: string; to: string }) {
      const range = { column: "start_time", from, to };
      const { appointments } = useWorkspaceAppointments("salon", {}, { range });
      return <p>{names(appointments)}</p>;
    }
    const { rerender } = render(page(<Week from="2026-01-01" to="2026-01-08" />));
    await elapse(100);
    expect(text()).toBe("early");

    rerender(page(<Week from="2026-01-08" to="2026-01-15" />));
    await elapse(100);
    expect(text()).toBe("late");
    expect(backend.joined).toHaveLength(1);
  });

  test("renders a burst of a thousand changes in at most five commits", async () => {
    const commits = vi.fn();
    render(
      page(
        <Profiler id="list" onRender={commits}>
          <List />
        </Profiler>,
      ),
    );
    await elapse(100);
    commits.mockClear();

    await act(async () => {
      for (let count = 0; count < 1_000; count += 1) {
        add(`${count}`);
        if (count % 10 === 0) await pass(5);
      }
      await pass(500);
    });

    expect(text()?.split(", ")).toHaveLength(1_000);
    expect(commits.mock.calls.length).toBeLessThanOrEqual(5);
  });
});

test("customers and team members have their own rows; a move to another member shows at once", async () => {
  const [clara, mina, olga, salon] = ["1", "2", "3", "4"].map(
    (digit) => `00000000-0000-4000-8000-00000000000${digit}`,
  );
  add("Clara", { workspace_id: salon, customer_id: clara, team_member_id: mina });
  add("Otto", { workspace_id: salon, customer_id: "otto", team_member_id: mina });
  function Both() {
    const own = useCustomerAppointments(clara);
    const members = useTeamMemberAppointments(mina, {}, { workspaceId: salon });
    return <p>{`${names(own.appointments)} / ${names(members.appointments)}`}</p>;
  }
  render(page(<Both />));
  await elapse(100);
  expect(text()).toBe("Clara / Clara, Otto");

  act(() => {
    backend.update("appointments", "Otto", { team_member_id: olga });
  });
  await elapse(50);
  expect(text()).toBe("Clara / Clara");
});

test("useLiveTable has the rows of any table, and writes them", async () => {
  backend.insert("services", { id: "cut", name: "Cut" });
  function Services() {
    const { rows, mutate } = useLiveTable<Row & { name: string }>({ table: "services" });
    const rename = () => {
      for (const row of rows) void mutate.update(row, { name: "Haircut" });
    };
    return (
      <>
        <p>{rows.map(({ name }) => name).join()}</p>
        <button type="button" onClick={rename}>
          rename
        </button>
      </>
    );
  }
  render(page(<Services />));
  await elapse(100);
  expect(text()).toBe("Cut");

  fireEvent.click(screen.getByRole("button"));
  expect(text()).toBe("Haircut");
  await elapse(50);
  expect(backend.rows("services")).toMatchObject([{ name: "Haircut" }]);
});

test("useConnection tells the state of all channels, and tries again when asked", async () => {
  function Line() {
    const { state, retry } = useConnection();
    useWorkspaceAppointments("salon");
    const known = useSupabase() === client;
    return (
      <button type="button" onClick={retry}>
        {`${state} ${known}`}
      </button>
    );
  }
  render(page(<Line />));
  const line = screen.getByRole("button");
  expect(line.textContent).toBe("connecting true");
  await elapse(100);
  expect(line.textContent).toBe("live true");

  backend.isReachable = false;
  act(() => backend.cut());
  await elapse(10_000);
  expect(line.textContent).toBe("reconnecting true");

  backend.isReachable = true;
  fireEvent.click(line);
  await elapse(100);
  expect(line.textContent).toBe("live true");
});

describe("without React", () => {
  test.each([
    [subscribeToWorkspaceAppointments, "salon", { workspace_id: "salon" }],
    [subscribeToCustomerAppointments, "clara", { customer_id: "clara" }],
    [subscribeToTeamMemberAppointments, "mina", { team_member_id: "mina" }],
  ])("%o calls its handlers until it is stopped", async (subscribe, id, columns) => {
    setSupabaseClient(client);
    const onStatus = vi.fn();
    const onInsert = vi.fn();
    const stop = subscribe(id, { onStatus, onInsert });
    await pass(100);
    expect(onStatus.mock.calls.map(([status]) => status)).toEqual(["joining", "live"]);

    add("a", { workspace_id: "other", ...columns });
    add("b", { workspace_id: "elsewhere" });
    expect(onInsert).toHaveBeenCalledOnce();
    expect(onInsert.mock.calls[0]?.[0]).toMatchObject({ eventType: "INSERT", new: { id: "a" } });

    stop();
    add("c", columns);
    await pass(1_100);
    expect(onInsert).toHaveBeenCalledOnce();
    expect(backend.joins).toEqual([]);
  });
});
