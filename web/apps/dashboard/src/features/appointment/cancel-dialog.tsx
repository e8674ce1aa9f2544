import type { Appointment } from "@slotcast/realtime";
import { Button, Dialog, Field, formatDayTime, Textarea, useLanguage } from "@slotcast/ui";
import { type FormEvent, useId, useState } from "react";
import type { Desk } from "../desk/desk";
import { useTexts } from "./texts";

const LONGEST_REASON = 500;

export interface CancelDialogProps {
  desk: Desk;
  row: Appointment;
  onCancel: (reason: string) => void;
  onKeep: () => void;
}

/** Asks for the reason, which the customer will read. */
export function CancelDialog({ desk, row, onCancel, onKeep }: CancelDialogProps) {
  const t = useTexts();
  const { locale } = useLanguage();
  const [reason, setReason] = useState("");
  const form = useId();
  function submit(event: FormEvent) {
    event.preventDefault();
    onCancel(reason);
  }
  return (
    <Dialog
      open
      onOpenChange={(isOpen) => {
        if (!isOpen) onKeep();
      }}
      title={t("appointment.cancel.title")}
      description={t("appointment.cancel.about", {
        customer: row.customer_name,
        time: formatDayTime(row.start_time, desk.zone, locale),
      })}
      footer={
        <>
          <Button variant="quiet" onClick={onKeep}>
            {t("appointment.cancel.keep")}
          </Button>
          <Button variant="danger" type="submit" form={form}>
            {t("appointment.cancel.confirm")}
          </Button>
        </>
      }
    >
      <form id={form} onSubmit={submit}>
        <Field label={t("appointment.cancel.reason")} aside={t("appointment.sheet.optional")}>
          <Textarea
            maxLength={LONGEST_REASON}
            value={reason}
            onChange={(event) => setReason(event.target.value)}
          />
        </Field>
      </form>
    </Dialog>
  );
}
