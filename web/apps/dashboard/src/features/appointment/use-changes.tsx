/**
 * Everything that the calendar changes about appointments: shown at once, sprung back with words when it does not
 * work, and to be taken back for six seconds when it does.
 */
import type { Appointment, FinalOutcome, LiveAppointments } from "@slotcast/realtime";
import { formatDayTime, formatTime, toast, useLanguage } from "@slotcast/ui";
import { lazy, type ReactNode, Suspense, useRef, useState } from "react";
import type { Desk } from "../desk/desk";
import type { OpeningData } from "../desk/opening";
import type { OfferedAction } from "../desk/statuses";
import { candidateOf, type Failure, useFailures } from "./failure";
import { overlapping } from "./overlap";
import { useTexts } from "./texts";
import { type AppointmentPatch, effectiveChanges, undoValues } from "./undo";

const CancelDialog = lazy(async () => ({
  default: (await import("./cancel-dialog")).CancelDialog,
}));

const UNDO_MS = 6_000;
const FAILURE_MS = 12_000;

type Live = Pick<LiveAppointments, "appointments" | "mutate">;

/** Where somebody wants to have an appointment. */
export interface Place {
  start_time: string;
  end_time: string;
  team_member_id: string | null;
}

export function useChanges(desk: Desk, opening: OpeningData, live: Live) {
  const t = useTexts();
  const { locale } = useLanguage();
  const { explain } = useFailures(desk, opening);
  const offers = useRef(new Map<string, string>());
  const [cancelling, setCancelling] = useState<Appointment | null>(null);

  /**
   * Applies a patch and says that it worked, with the way back; *done* says what happened, in the past tense.
   *
   * Returns why it did not work, for whoever asked to show.
   */
  async function attempt(
    row: Appointment,
    patch: AppointmentPatch,
    done: (saved: Appointment) => string,
  ): Promise<Failure | null> {
    const changes = effectiveChanges(row, patch);
    if (Object.keys(changes).length === 0) return null;
    const outcome = await live.mutate.update(row, changes);
    if (outcome.kind !== "unsent") return conclude(outcome, row, changes, done);
    const waiting = `unsent ${row.id}`;
    toast.warning(t("appointment.failure.unsent"), {
      id: waiting,
      description: t("appointment.failure.unsentHint"),
      duration: Number.POSITIVE_INFINITY,
      action: { label: t("appointment.failure.discard"), onClick: outcome.discard },
    });
    void outcome.settled.then(async (settled) => {
      toast.dismiss(waiting);
      if (settled.kind === "discarded") return;
      const failure = await conclude(settled, row, changes, done);
      if (failure) showFailure(failure, row, changes, done);
    });
    return null;
  }

  /** Says what became of a change in the end, or why nothing did. */
  async function conclude(
    outcome: FinalOutcome<Appointment>,
    row: Appointment,
    changes: AppointmentPatch,
    done: (saved: Appointment) => string,
  ): Promise<Failure | null> {
    if (outcome.kind !== "saved") return explain(outcome, row, changes, live.appointments);
    offerUndo(row.id, done(outcome.row), () => void undo(outcome.row, undoValues(row, changes)));
    return null;
  }

  /** Only the newest change of an appointment can be taken back, so its toast replaces the one before. */
  function offerUndo(appointmentId: string, title: string, onUndo: () => void): void {
    const before = offers.current.get(appointmentId);
    // Without an id it would dismiss all toasts.
    if (before !== undefined) toast.dismiss(before);
    const offer = toast(title, {
      duration: UNDO_MS,
      action: { label: t("appointment.undo"), onClick: onUndo },
    });
    offers.current.set(appointmentId, offer);
  }

  /** Applies a patch; what does not work springs back, with words in a toast. */
  async function change(
    row: Appointment,
    patch: AppointmentPatch,
    done: (saved: Appointment) => string,
  ): Promise<void> {
    const failure = await attempt(row, patch, done);
    if (failure) showFailure(failure, row, patch, done);
  }

  async function undo(row: Appointment, values: AppointmentPatch): Promise<void> {
    const outcome = await live.mutate.update(row, values);
    if (outcome.kind === "saved") toast(t("appointment.done.undone"));
    else if (outcome.kind !== "unsent") {
      const failure = await explain(outcome, row, values, live.appointments);
      showFailure(failure, row, values, () => t("appointment.done.undone"));
    }
  }

  /** Deletes what was made a moment ago, unless somebody has changed it since. */
  async function takeBack(row: Appointment): Promise<void> {
    const outcome = await live.mutate.remove(row);
    if (outcome.kind === "saved") toast(t("appointment.done.undone"));
    else if (outcome.kind !== "unsent") {
      const { title, description } = await explain(outcome, row, {}, live.appointments);
      toast.error(title, { description, duration: FAILURE_MS });
    }
  }

  /** A failed change offers the one way out of it: apply it to their version, or take the nearest free time. */
  function showFailure(
    failure: Failure,
    before: Appointment,
    changes: AppointmentPatch,
    done: (saved: Appointment) => string,
  ): void {
    const { theirs, nearest } = failure;
    const [free] = nearest;
    const wayOut =
      theirs !== null
        ? {
            label: t("appointment.failure.anyway"),
            onClick: () => void change(theirs, changes, done),
          }
        : free !== undefined
          ? {
              label: t("appointment.failure.use", { time: timeOf(free) }),
              onClick: () =>
                void change(
                  before,
                  { ...changes, ...startingAt(free, { ...before, ...changes }) },
                  done,
                ),
            }
          : undefined;
    toast.error(failure.title, {
      description: failure.description,
      duration: FAILURE_MS,
      ...(wayOut ? { action: wayOut } : {}),
    });
  }

  function timeOf(ms: number): string {
    return formatTime(new Date(ms).toISOString(), desk.zone, locale);
  }

  function move(row: Appointment, to: Place): void {
    void change(row, to, (saved) => {
      const time = formatDayTime(saved.start_time, desk.zone, locale);
      const member = desk.members.find(({ id }) => id === saved.team_member_id);
      const customer = saved.customer_name;
      return member && saved.team_member_id !== row.team_member_id
        ? t("appointment.done.movedTo", { customer, time, member: member.name })
        : t("appointment.done.moved", { customer, time });
    });
  }

  function resize(row: Appointment, end_time: string): void {
    void change(row, { end_time }, (saved) =>
      t("appointment.done.resized", {
        customer: saved.customer_name,
        time: timeOf(Date.parse(saved.end_time)),
      }),
    );
  }

  function act(row: Appointment, { action, to }: OfferedAction): void {
    if (action === "cancel") setCancelling(row);
    else {
      const patch = action === "restore" ? { status: to, cancel_reason: null } : { status: to };
      void change(row, patch, ({ customer_name }) =>
        t(`appointment.done.${action}`, { customer: customer_name }),
      );
    }
  }

  function cancel(row: Appointment, reason: string): void {
    setCancelling(null);
    const cancel_reason = reason.trim() === "" ? null : reason.trim();
    void change(row, { status: "cancelled", cancel_reason }, ({ customer_name }) =>
      t("appointment.done.cancel", { customer: customer_name }),
    );
  }

  const dialog: ReactNode = cancelling && (
    <Suspense>
      <CancelDialog
        desk={desk}
        row={cancelling}
        onCancel={(reason) => cancel(cancelling, reason)}
        onKeep={() => setCancelling(null)}
      />
    </Suspense>
  );

  return {
    attempt,
    move,
    resize,
    act,
    actionLabel: ({ action }: OfferedAction) => t(`appointment.action.${action}`),
    /** Whether a row would overlap with another one there. */
    collides: (row: Appointment, to: Place) =>
      overlapping(live.appointments, candidateOf({ ...row, ...to })) !== undefined,
    /** Shows that a new one was made, and how to take it back. */
    announceCreated: (row: Appointment) =>
      offerUndo(
        row.id,
        t("appointment.done.created", {
          customer: row.customer_name,
          time: formatDayTime(row.start_time, desk.zone, locale),
        }),
        () => void takeBack(row),
      ),
    dialog,
  };
}

export type Changes = ReturnType<typeof useChanges>;

function startingAt(startMs: number, row: Appointment): AppointmentPatch {
  const lengthMs = Date.parse(row.end_time) - Date.parse(row.start_time);
  return {
    start_time: new Date(startMs).toISOString(),
    end_time: new Date(startMs + lengthMs).toISOString(),
  };
}
