import {
  type Customer,
  type CustomerSummary,
  useLiveTable,
  useSupabase,
  useWorkspaceAppointments,
} from "@slotcast/realtime";
import {
  keepPreviousData,
  useInfiniteQuery,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import type { Desk } from "../desk/desk";
import { searchFilter } from "./search";

const PAGE_SIZE = 50;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** Changes that come this close together are read once. */
const GATHER_MS = 500;

/** The customers that fit a search, by name, a page at a time. */
export function useCustomers({ workspace }: Desk, query: string) {
  const client = useSupabase();
  return useInfiniteQuery({
    queryKey: ["customer_summaries", workspace.id, "list", query],
    placeholderData: keepPreviousData,
    initialPageParam: 0,
    queryFn: async ({ pageParam, signal }) => {
      const filter = searchFilter(query);
      const all = client
        .from("customer_summaries")
        .select("*", { count: "exact" })
        .eq("workspace_id", workspace.id);
      const { data, count } = await (filter ? all.or(filter) : all)
        .order("name")
        .order("id")
        .range(pageParam, pageParam + PAGE_SIZE - 1)
        .abortSignal(signal)
        .throwOnError();
      return { rows: data as CustomerSummary[], count: count ?? data.length, from: pageParam };
    },
    getNextPageParam: ({ from, rows, count }) =>
      from + rows.length < count ? from + rows.length : undefined,
  });
}

/** One customer; null when there is none of this id here. */
export function useCustomer({ workspace }: Desk, customerId: string) {
  const client = useSupabase();
  return useQuery({
    queryKey: ["customer_summaries", workspace.id, "one", customerId],
    queryFn: async ({ signal }) => {
      // The address may say anything, and the database refuses what is no id.
      if (!UUID.test(customerId)) return null;
      const { data } = await client
        .from("customer_summaries")
        .select("*")
        .eq("workspace_id", workspace.id)
        .eq("id", customerId)
        .abortSignal(signal)
        .maybeSingle()
        .throwOnError();
      return data as CustomerSummary | null;
    },
  });
}

/** Reads customers again when one of them, or an appointment, changes: summaries are counted, so they are not live. */
export function useCustomersFollow({ workspace }: Desk): void {
  const queryClient = useQueryClient();
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);

  function changed() {
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      void queryClient.invalidateQueries({ queryKey: ["customer_summaries", workspace.id] });
    }, GATHER_MS);
  }
  const handlers = { onInsert: changed, onUpdate: changed, onDelete: changed };
  // Of the rows one is enough: what counts are the changes.
  useLiveTable<Customer>(
    {
      table: "customers",
      filter: `workspace_id=eq.${workspace.id}`,
      order: { column: "created_at", ascending: false },
      limit: 1,
    },
    handlers,
  );
  useWorkspaceAppointments(workspace.id, handlers, {
    order: { column: "updated_at", ascending: false },
    limit: 1,
  });
}
