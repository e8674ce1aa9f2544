import { useSupabase, useWorkspaceAppointments } from "@slotcast/realtime";
import { addDays, startOfDay, today, useNow } from "@slotcast/ui";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useRef } from "react";
import type { Desk } from "../desk/desk";
import { figuresOf } from "./figures";

/** Changes that come this close together are counted once. */
const GATHER_MS = 400;

/** What the database counts, since it is more than a day's rows. */
interface Counts {
  to_confirm_count: number;
  /** Of 90 days; null before the first visit. */
  no_show_percent: number | null;
}

/** Today's figures in the workspace's own day; live. */
export function useFigures({ workspace }: Desk) {
  const nowMs = useNow();
  const day = today(workspace.time_zone);
  const range = useMemo(
    () => ({
      column: "start_time",
      from: startOfDay(day, workspace.time_zone),
      to: startOfDay(addDays(day, 1), workspace.time_zone),
    }),
    [day, workspace.time_zone],
  );
  const countAgain = useGathered(useCountAgain(workspace.id));
  const { appointments, isLoading } = useWorkspaceAppointments(
    workspace.id,
    { onInsert: countAgain, onUpdate: countAgain, onDelete: countAgain },
    { range },
  );
  const { data: counts } = useCounts(workspace.id, day);
  return { ...figuresOf(appointments, nowMs), counts, isLoading };
}

function useCounts(workspaceId: string, day: string) {
  const client = useSupabase();
  return useQuery({
    queryKey: ["day_figures", workspaceId, day],
    queryFn: async ({ signal }) => {
      const { data } = await client
        .rpc("day_figures", { p_workspace: workspaceId, p_day: day })
        .abortSignal(signal)
        .single<Counts>()
        .throwOnError();
      return data;
    },
  });
}

function useCountAgain(workspaceId: string): () => void {
  const queryClient = useQueryClient();
  return () => {
    void queryClient.invalidateQueries({ queryKey: ["day_figures", workspaceId] });
  };
}

/** Calls *act* once for calls that come close together. */
function useGathered(act: () => void): () => void {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  return () => {
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      act();
    }, GATHER_MS);
  };
}
