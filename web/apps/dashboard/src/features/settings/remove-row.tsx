import { useSupabase } from "@slotcast/realtime";
import { Confirm } from "../desk/confirm";
import { useTexts } from "./texts";
import { useSaving } from "./use-saving";

export interface RemoveRowProps {
  table: "services" | "team_members";
  id: string;
  title: string;
  lead: string;
  onRemoved?: () => void;
  onClose: () => void;
}

/** Asks before a row of the settings is deleted, and deletes it. */
export function RemoveRow({ table, id, title, lead, onRemoved, onClose }: RemoveRowProps) {
  const t = useTexts();
  const client = useSupabase();
  const { save, isBusy, problem } = useSaving();
  async function remove() {
    if (!(await save(() => client.from(table).delete().eq("id", id).select("id")))) return;
    onClose();
    onRemoved?.();
  }
  return (
    <Confirm
      title={title}
      lead={lead}
      action={t("settings.remove")}
      cancel={t("settings.cancel")}
      isBusy={isBusy}
      problem={problem}
      onConfirm={() => void remove()}
      onClose={onClose}
    />
  );
}
