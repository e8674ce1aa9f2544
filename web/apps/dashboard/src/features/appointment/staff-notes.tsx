/** What the team tells each other about an appointment; the customer never sees it. */
import { type StaffNote, useLiveTable, useSupabase } from "@slotcast/realtime";
import { Button, Field, Refused, Textarea } from "@slotcast/ui";
import { useState } from "react";
import { useTexts } from "./texts";

const LONGEST_NOTE = 5000;

export interface StaffNotesProps {
  appointmentId: string;
  workspaceId: string;
  canWrite: boolean;
}

export function StaffNotes({ appointmentId, workspaceId, canWrite }: StaffNotesProps) {
  const t = useTexts();
  const supabase = useSupabase();
  const { rows } = useLiveTable<StaffNote>({
    table: "appointment_staff_notes",
    filter: `appointment_id=eq.${appointmentId}`,
    key: ["appointment_id"],
  });
  const theirs = rows[0]?.body ?? "";
  // What is typed, and what stood there when typing began.
  const [draft, setDraft] = useState<{ text: string; base: string } | null>(null);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const isChangedMeanwhile = draft !== null && draft.base !== theirs && draft.text !== theirs;

  async function save() {
    if (draft === null) return;
    setBusy(true);
    const body = draft.text.trim();
    const notes = supabase.from("appointment_staff_notes");
    const answer =
      body === ""
        ? await notes.delete().eq("appointment_id", appointmentId)
        : await notes.upsert({ appointment_id: appointmentId, workspace_id: workspaceId, body });
    setBusy(false);
    setError(answer.error);
    if (!answer.error) setDraft(null);
  }

  return (
    <section className="flex flex-col gap-2">
      <Field
        label={t("appointment.sheet.staffNotes")}
        hint={isChangedMeanwhile ? undefined : t("appointment.sheet.staffNotesHint")}
        error={isChangedMeanwhile ? t("appointment.sheet.staffNotesChanged") : undefined}
      >
        <Textarea
          rows={2}
          maxLength={LONGEST_NOTE}
          readOnly={!canWrite}
          value={draft?.text ?? theirs}
          onChange={(event) => setDraft({ text: event.target.value, base: draft?.base ?? theirs })}
        />
      </Field>
      <Refused error={error} />
      {draft !== null && (
        <div className="flex justify-end gap-2">
          <Button size="sm" variant="quiet" onClick={() => setDraft(null)}>
            {isChangedMeanwhile ? t("appointment.sheet.useTheirs") : t("appointment.sheet.discard")}
          </Button>
          <Button size="sm" busy={isBusy} onClick={() => void save()}>
            {isChangedMeanwhile ? t("appointment.sheet.keepMine") : t("appointment.sheet.save")}
          </Button>
        </div>
      )}
    </section>
  );
}
