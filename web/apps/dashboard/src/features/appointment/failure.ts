/**
 * Why a change of an appointment did not happen, in words: who was faster, who stands in the way, and what is free
 * instead.
 */
import {
  type Appointment,
  type AppointmentEvent,
  type Outcome,
  useSupabase,
} from "@slotcast/realtime";
import {
  dayOf,
  formatDayTime,
  formatTime,
  formatTimeRange,
  useErrorText,
  useLanguage,
} from "@slotcast/ui";
import type { SupabaseClient } from "@supabase/supabase-js";
import type { Desk } from "../desk/desk";
import type { OpeningData } from "../desk/opening";
import { useStatusTexts } from "../desk/status-texts";
import { type Candidate, nearestFree, overlapping } from "./overlap";
import { useTexts } from "./texts";
import { type AppointmentPatch, sameValue } from "./undo";
import { worksAround } from "./working-times";

const PROPOSED_COUNT = 3;
const MOST_STEP_MINUTES = 15;

export interface Failure {
  title: string;
  description: string;
  /** Starts that are free instead, nearest first, in epoch milliseconds. */
  nearest: readonly number[];
  /** The row as it is now, on which the same change can be tried again. */
  theirs: Appointment | null;
}

type Failed = Exclude<Outcome<Appointment>, { kind: "saved" } | { kind: "unsent" }>;

/** Gives the words for what an outcome other than success means. */
export function useFailures(desk: Desk, opening: OpeningData) {
  const t = useTexts();
  const statusText = useStatusTexts();
  const errorText = useErrorText();
  const { locale } = useLanguage();
  const supabase = useSupabase();

  async function conflict(before: Appointment, theirs: Appointment | null): Promise<Failure> {
    const who = (await lastActor(supabase, before.id)) ?? t("appointment.failure.somebody");
    const description = t("appointment.failure.notApplied");
    const base = { description, nearest: [], theirs };
    if (theirs === null) return { ...base, title: t("appointment.failure.gone", { who }) };
    if (!sameValue("start_time", before.start_time, theirs.start_time)) {
      const time = formatDayTime(theirs.start_time, desk.zone, locale);
      return { ...base, title: t("appointment.failure.moved", { who, time }) };
    }
    if (before.status !== theirs.status) {
      const status = statusText(`status.${theirs.status}`);
      return { ...base, title: t("appointment.failure.status", { who, status }) };
    }
    return { ...base, title: t("appointment.failure.changed", { who }) };
  }

  /** *before* is where an appointment that was to be moved stands; that is no news to whoever moved it. */
  function taken(
    rows: readonly Appointment[],
    candidate: Candidate,
    before?: Appointment,
  ): Failure {
    const other = overlapping(rows, candidate);
    const nearest = freeNear(desk, opening, rows, candidate, before);
    const times = nearest
      .map((startMs) => formatTime(new Date(startMs).toISOString(), desk.zone, locale))
      .join(" · ");
    return {
      title: other
        ? t("appointment.failure.overlaps", {
            customer: other.customer_name,
            time: formatTimeRange(other.start_time, other.end_time, desk.zone, locale),
          })
        : t("appointment.failure.taken"),
      description: times
        ? t("appointment.failure.nearest", { times })
        : t("appointment.failure.noneFree"),
      nearest,
      theirs: null,
    };
  }

  async function explain(
    outcome: Failed,
    before: Appointment,
    patch: AppointmentPatch,
    rows: readonly Appointment[],
  ): Promise<Failure> {
    switch (outcome.kind) {
      case "conflict":
        return conflict(before, outcome.theirs);
      case "taken":
        return taken(rows, candidateOf({ ...before, ...patch }), before);
      case "refused":
        return {
          title: t("appointment.failure.refused"),
          description: errorText(outcome),
          nearest: [],
          theirs: null,
        };
    }
  }
  return { explain, taken };
}

/** Free starts on the day of a candidate that is taken, when its member works, but not where it stands already. */
function freeNear(
  desk: Desk,
  opening: OpeningData,
  rows: readonly Appointment[],
  candidate: Candidate,
  before?: Appointment,
): number[] {
  const works = worksAround(desk, opening, candidate.memberId, candidate.startMs);
  const standsMs =
    before?.team_member_id === candidate.memberId ? Date.parse(before.start_time) : undefined;
  const dayAt = (ms: number) => dayOf(new Date(ms).toISOString(), desk.zone);
  return nearestFree(rows, candidate, {
    count: PROPOSED_COUNT,
    stepMinutes: Math.min(MOST_STEP_MINUTES, desk.workspace.slot_step_minutes),
    notBeforeMs: Date.now(),
    isOpen: (fromMs, toMs) =>
      fromMs !== standsMs && dayAt(fromMs) === dayAt(candidate.startMs) && works(fromMs, toMs),
  });
}

export function candidateOf(row: Appointment): Candidate {
  return {
    id: row.id,
    memberId: row.team_member_id,
    startMs: Date.parse(row.start_time),
    endMs: Date.parse(row.end_time),
    bufferBeforeMinutes: row.buffer_before_minutes,
    bufferAfterMinutes: row.buffer_after_minutes,
  };
}

/** Who wrote the newest line in an appointment's history. */
export async function lastActor(
  supabase: SupabaseClient,
  appointmentId: string,
): Promise<string | null> {
  const { data } = await supabase
    .from("appointment_events")
    .select("actor_name")
    .eq("appointment_id", appointmentId)
    .order("id", { ascending: false })
    .limit(1)
    .maybeSingle<Pick<AppointmentEvent, "actor_name">>();
  return data?.actor_name ?? null;
}
