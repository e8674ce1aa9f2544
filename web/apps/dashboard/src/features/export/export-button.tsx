import type { Appointment } from "@slotcast/realtime";
import { announce, IconButton } from "@slotcast/ui";
import { Download } from "lucide-react";
import type { Desk } from "../desk/desk";
import { useStatusTexts } from "../desk/status-texts";
import { fileNameOf, type Labels, tableOf } from "./appointments";
import { toCsv } from "./csv";
import { useTexts } from "./texts";

export interface ExportButtonProps {
  desk: Desk;
  /** As filtered; those that are out of sight are left out. */
  rows: readonly Appointment[];
  /** Instants at which what is in sight begins and ends. */
  from: string;
  to: string;
}

/** Saves the appointments in sight as a table that spreadsheets open. */
export function ExportButton({ desk, rows, from, to }: ExportButtonProps) {
  const t = useTexts();
  const statusText = useStatusTexts();
  const inSight = rows.filter(({ start_time }) => isWithin(start_time, from, to));

  function save() {
    const { workspace, members, services } = desk;
    const labels: Labels = {
      column: (column) => t(`export.column.${column}`),
      status: (status) => statusText(`status.${status}`),
      member: (id) => members.find((member) => member.id === id)?.name ?? "",
      service: (id) => services.find((service) => service.id === id)?.name ?? "",
    };
    const csv = toCsv(tableOf(inSight, workspace.time_zone, labels));
    download(csv, fileNameOf(workspace.slug, from, to, workspace.time_zone));
    announce(t("export.done", { count: inSight.length }));
  }

  return (
    <IconButton
      icon={Download}
      label={t("export.button")}
      disabled={inSight.length === 0}
      onClick={save}
    />
  );
}

function isWithin(instant: string, from: string, to: string): boolean {
  const ms = Date.parse(instant);
  return ms >= Date.parse(from) && ms < Date.parse(to);
}

function download(text: string, fileName: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = fileName;
  link.click();
  URL.revokeObjectURL(address);
}
