import type { Appointment, LiveAppointments } from "@slotcast/realtime";
import {
  announce,
  Banner,
  Button,
  Dialog,
  DialogClose,
  Field,
  formatDayTime,
  Textarea,
  useErrorText,
  useLanguage,
} from "@slotcast/ui";
import { type ReactNode, useState } from "react";
import { useTexts } from "../../texts";
import { CutoffNote } from "./cutoff-note";
import { outcomeError } from "./outcomes";
import type { PlaceShop } from "./place";

const MOST_CHARACTERS = 500;

/** A cancelled ticket leaves the page, and the button that had focus with it. */
function keepFocus(): void {
  if (document.activeElement === document.body) {
    document.querySelector("main")?.focus({ preventScroll: true });
  }
}

export interface CancelDialogProps {
  appointment: Appointment;
  shop: PlaceShop;
  mutate: LiveAppointments["mutate"];
  trigger: ReactNode;
}

/** Asks once more, and for a reason that may stay empty. */
export function CancelDialog({ appointment, shop, mutate, trigger }: CancelDialogProps) {
  const t = useTexts();
  const { locale } = useLanguage();
  const errorText = useErrorText();
  const [open, setOpen] = useState(false);
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);

  async function cancel() {
    setBusy(true);
    setError(null);
    const outcome = await mutate.update(
      appointment,
      { status: "cancelled", ...(reason.trim() ? { cancel_reason: reason.trim() } : {}) },
      { optimistic: false },
    );
    setBusy(false);
    if (outcome.kind === "unsent") outcome.discard();
    const refusal = outcomeError(outcome);
    setError(refusal);
    if (refusal) return;
    setOpen(false);
    announce(t("cancel.done"));
    requestAnimationFrame(keepFocus);
  }

  return (
    <Dialog
      open={open}
      onOpenChange={setOpen}
      trigger={trigger}
      title={t("cancel.title")}
      description={formatDayTime(appointment.start_time, shop.time_zone, locale)}
      footer={
        <>
          <DialogClose>
            <Button size="lg">{t("cancel.keep")}</Button>
          </DialogClose>
          <Button size="lg" variant="danger" busy={busy} onClick={() => void cancel()}>
            {t(busy ? "cancel.busy" : "cancel.confirm")}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-4 pt-2">
        <Field label={t("cancel.reason")} aside={t("optional")} hint={t("cancel.reasonHint")}>
          <Textarea
            maxLength={MOST_CHARACTERS}
            value={reason}
            onChange={(event) => setReason(event.target.value)}
          />
        </Field>
        <CutoffNote appointment={appointment} shop={shop} />
        <div role="alert" className="empty:hidden">
          {error !== null && <Banner tone="danger">{errorText(error)}</Banner>}
        </div>
      </div>
    </Dialog>
  );
}
