import { type CustomerSummary, useSupabase } from "@slotcast/realtime";
import { Button, useErrorText } from "@slotcast/ui";
import { useMutation } from "@tanstack/react-query";
import { Trash2 } from "lucide-react";
import { useState } from "react";
import { Confirm } from "../desk/confirm";
import { NothingWritten } from "./nothing-written";
import { useTexts } from "./texts";

/** Something refers to the row. */
const STILL_USED = "23503";

export interface RemoveCustomerProps {
  customer: CustomerSummary;
  onRemoved: () => void;
}

/** Deletes a record that was made by mistake; those with appointments stay. */
export function RemoveCustomer({ customer, onRemoved }: RemoveCustomerProps) {
  const t = useTexts();
  const client = useSupabase();
  const errorText = useErrorText();
  const [isAsking, setIsAsking] = useState(false);
  const { mutate, isPending, error, reset } = useMutation({
    mutationFn: async () => {
      const { data } = await client
        .from("customers")
        .delete()
        .eq("id", customer.id)
        .select("id")
        .throwOnError();
      if (data.length === 0) throw new NothingWritten();
    },
    onSuccess: onRemoved,
  });

  function problem(): string | null {
    if (error === null) return null;
    if (error instanceof NothingWritten) return t("customers.notWritten");
    const { code } = error as { code?: string };
    return code === STILL_USED ? t("customers.stillUsed") : errorText(error);
  }

  function close() {
    reset();
    setIsAsking(false);
  }

  return (
    <>
      <Button variant="dangerQuiet" className="self-start" onClick={() => setIsAsking(true)}>
        <Trash2 aria-hidden className="size-4" strokeWidth={1.75} />
        {t("customers.remove")}
      </Button>
      {isAsking && (
        <Confirm
          title={t("customers.confirmRemove", { name: customer.name })}
          lead={t("customers.confirmRemoveLead")}
          action={t("customers.remove")}
          cancel={t("customers.cancel")}
          isBusy={isPending}
          problem={problem()}
          onConfirm={() => mutate()}
          onClose={close}
        />
      )}
    </>
  );
}
