import { type Customer, useSupabase } from "@slotcast/realtime";
import { Banner, Field, Input, toast, useErrorText } from "@slotcast/ui";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useForm } from "react-hook-form";
import type { Desk } from "../desk/desk";
import { FormDialog } from "../desk/form-dialog";
import { NothingWritten } from "./nothing-written";
import { useTexts } from "./texts";

interface Values {
  name: string;
  email: string;
  phone: string;
}

export interface CustomerFormProps {
  desk: Desk;
  /** Null: a new one. */
  customer: Customer | null;
  onSaved?: (id: string) => void;
  onClose: () => void;
}

/** How somebody is called and reached. */
export function CustomerForm({ desk, customer, onSaved, onClose }: CustomerFormProps) {
  const t = useTexts();
  const errorText = useErrorText();
  const { write, isBusy, error } = useWrite(desk, customer);
  const { register, handleSubmit, formState } = useForm<Values>({
    values: {
      name: customer?.name ?? "",
      email: customer?.email ?? "",
      phone: customer?.phone ?? "",
    },
    // Somebody else may save meanwhile: untouched fields follow, touched ones keep what was typed.
    resetOptions: { keepDirtyValues: true },
  });
  const { errors, dirtyFields } = formState;

  const submit = handleSubmit(async (typed) => {
    const touched = (Object.keys(dirtyFields) as (keyof Values)[]).map((field) => [
      field,
      typed[field].trim() || null,
    ]);
    const savedId = await write(Object.fromEntries(touched) as Partial<Customer>);
    if (savedId === null) return;
    toast.success(t("customers.saved"));
    onClose();
    onSaved?.(savedId);
  });

  return (
    <FormDialog
      title={customer?.name ?? t("customers.add")}
      cancel={t("customers.cancel")}
      submit={t("customers.save")}
      isBusy={isBusy}
      onSubmit={submit}
      onClose={onClose}
    >
      {error !== null && (
        <Banner tone="danger" role="alert">
          {error instanceof NothingWritten ? t("customers.notWritten") : errorText(error)}
        </Banner>
      )}
      <Field label={t("customers.name")} error={errors.name?.message}>
        <Input
          autoComplete="off"
          maxLength={200}
          {...register("name", {
            validate: (name) => name.trim() !== "" || t("customers.required"),
          })}
        />
      </Field>
      <Field
        label={t("customers.email")}
        aside={t("customers.optional")}
        error={errors.email?.message}
      >
        <Input
          type="email"
          autoComplete="off"
          maxLength={254}
          {...register("email", {
            validate: (email) =>
              email.trim() === "" || /^\S+@\S+$/.test(email.trim()) || t("customers.notAnEmail"),
          })}
        />
      </Field>
      <Field label={t("customers.phone")} aside={t("customers.optional")}>
        <Input type="tel" autoComplete="off" maxLength={40} {...register("phone")} />
      </Field>
    </FormDialog>
  );
}

/** Writes columns of a customer, new or not; gives the id, or null when it went wrong. */
function useWrite({ workspace }: Desk, customer: Customer | null) {
  const client = useSupabase();
  const queryClient = useQueryClient();
  const { mutateAsync, isPending, error } = useMutation({
    mutationFn: async (columns: Partial<Customer>) => {
      if (customer && Object.keys(columns).length === 0) return customer.id;
      const written = customer
        ? client.from("customers").update(columns).eq("id", customer.id)
        : client
            .from("customers")
            .insert({ ...columns, id: crypto.randomUUID(), workspace_id: workspace.id });
      const { data } = await written.select("id").throwOnError();
      const [row] = data as { id: string }[];
      if (!row) throw new NothingWritten();
      await queryClient.invalidateQueries({ queryKey: ["customer_summaries", workspace.id] });
      return row.id;
    },
  });
  const write = (columns: Partial<Customer>) => mutateAsync(columns).catch(() => null);
  return { write, isBusy: isPending, error };
}
