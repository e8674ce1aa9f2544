/** Who it is for: somebody known, found while typing, or somebody new with as much as they like to say. */
import { type CustomerSummary, useSupabase } from "@slotcast/realtime";
import { Avatar, Button, cn, Field, Input } from "@slotcast/ui";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, useDeferredValue, useId, useState } from "react";
import type { CustomerChoice } from "./form-values";
import { useTexts } from "./texts";

const MOST_PROPOSED = 6;

type Found = Pick<CustomerSummary, "id" | "name" | "email" | "phone">;

export interface CustomerFieldProps {
  workspaceId: string;
  value: CustomerChoice;
  onChange: (value: CustomerChoice) => void;
  error?: string | undefined;
  /** Whether the person stays the same. */
  isLocked: boolean;
}

export function CustomerField(props: CustomerFieldProps) {
  const { value, onChange, isLocked } = props;
  const t = useTexts();
  if (value.kind === "new") return <NewCustomer {...props} value={value} />;
  return (
    <div className="flex flex-col gap-1.5">
      <span className="font-medium text-sm">{t("appointment.sheet.customer")}</span>
      <div className="flex items-center gap-3 rounded-control border border-line bg-sunken px-3 py-2">
        <Avatar name={value.name} size="sm" />
        <span className="min-w-0 flex-1 truncate font-medium text-md">{value.name}</span>
        {!isLocked && (
          <Button
            size="sm"
            variant="quiet"
            onClick={() => onChange({ kind: "new", name: "", phone: "", email: "" })}
          >
            {t("appointment.sheet.change")}
          </Button>
        )}
      </div>
    </div>
  );
}

type NewCustomerProps = CustomerFieldProps & { value: Extract<CustomerChoice, { kind: "new" }> };

function NewCustomer({ workspaceId, value, onChange, error }: NewCustomerProps) {
  const t = useTexts();
  const [hasContact, setHasContact] = useState(value.phone !== "" || value.email !== "");
  return (
    <div className="flex flex-col gap-3">
      <NameWithProposals
        workspaceId={workspaceId}
        value={value}
        onChange={onChange}
        error={error}
      />
      {hasContact ? (
        <div className="grid grid-cols-2 gap-3">
          <Field label={t("appointment.sheet.phone")}>
            <Input
              type="tel"
              autoComplete="off"
              value={value.phone}
              onChange={(event) => onChange({ ...value, phone: event.target.value })}
            />
          </Field>
          <Field label={t("appointment.sheet.email")}>
            <Input
              type="email"
              autoComplete="off"
              value={value.email}
              onChange={(event) => onChange({ ...value, email: event.target.value })}
            />
          </Field>
        </div>
      ) : (
        <Button
          size="sm"
          variant="quiet"
          className="-mt-1 self-start"
          onClick={() => setHasContact(true)}
        >
          {t("appointment.sheet.addContact")}
        </Button>
      )}
    </div>
  );
}

function NameWithProposals({
  workspaceId,
  value,
  onChange,
  error,
}: Omit<NewCustomerProps, "isLocked">) {
  const t = useTexts();
  const listId = useId();
  const [isOpen, setOpen] = useState(false);
  const [marked, setMarked] = useState(-1);
  const found = useCustomersLike(workspaceId, useDeferredValue(value.name.trim()));
  const isListed = isOpen && found.length > 0;

  function choose(customer: Found) {
    setOpen(false);
    onChange({ kind: "known", contactId: customer.id, name: customer.name });
  }
  function press(event: KeyboardEvent) {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    const chosen = found[marked];
    if (step !== 0 && found.length > 0) {
      event.preventDefault();
      setOpen(true);
      setMarked((marked + step + found.length) % found.length);
    } else if (event.key === "Enter" && isListed && chosen) {
      event.preventDefault();
      choose(chosen);
    } else if (event.key === "Escape" && isListed) {
      event.stopPropagation();
      setOpen(false);
    }
  }

  return (
    <div className="relative">
      <Field
        label={t("appointment.sheet.customer")}
        hint={t("appointment.sheet.customerHint")}
        error={error}
      >
        <Input
          autoFocus
          required
          autoComplete="off"
          maxLength={200}
          role="combobox"
          aria-autocomplete="list"
          aria-expanded={isListed}
          aria-controls={listId}
          aria-activedescendant={isListed && marked >= 0 ? `${listId}-${marked}` : undefined}
          value={value.name}
          onChange={(event) => {
            onChange({ ...value, name: event.target.value });
            setOpen(true);
            setMarked(-1);
          }}
          onKeyDown={press}
          onBlur={() => setOpen(false)}
        />
      </Field>
      <div
        id={listId}
        role="listbox"
        aria-label={t("appointment.sheet.suggestions")}
        hidden={!isListed}
        className="absolute inset-x-0 top-16 z-10 max-h-64 animate-rise overflow-y-auto rounded-card border border-line bg-raised p-1 shadow-float"
      >
        {found.map((customer, index) => (
          <Proposal
            key={customer.id}
            id={`${listId}-${index}`}
            customer={customer}
            isMarked={index === marked}
            onChoose={() => choose(customer)}
          />
        ))}
      </div>
      <span role="status" className="sr-only">
        {isListed && t("appointment.sheet.suggested", { count: found.length })}
      </span>
    </div>
  );
}

interface ProposalProps {
  id: string;
  customer: Found;
  isMarked: boolean;
  onChoose: () => void;
}

function Proposal({ id, customer, isMarked, onChoose }: ProposalProps) {
  return (
    // biome-ignore lint/a11y/useFocusableInteractive: focus stays in the field, which names the marked option
    <div
      id={id}
      role="option"
      aria-selected={isMarked}
      // Before the field loses focus, which would close the list.
      onMouseDown={(event) => {
        event.preventDefault();
        onChoose();
      }}
      className={cn(
        "flex cursor-default items-center gap-3 rounded-sm px-2.5 py-1.5 hover:bg-hover",
        isMarked && "bg-hover",
      )}
    >
      <Avatar name={customer.name} size="sm" />
      <span className="min-w-0 flex-1">
        <span className="block truncate text-md">{customer.name}</span>
        <span className="block truncate text-ink-faint text-xs">
          {[customer.phone, customer.email].filter(Boolean).join(" · ")}
        </span>
      </span>
    </div>
  );
}

/** Customers whose name, phone or email holds a text of two letters or more. */
function useCustomersLike(workspaceId: string, text: string): readonly Found[] {
  const supabase = useSupabase();
  const wanted = text.replaceAll(/[%_,()"\\*]/g, " ").trim();
  const { data } = useQuery({
    queryKey: ["customers", workspaceId, "like", wanted],
    enabled: wanted.length >= 2,
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => {
      const pattern = `"*${wanted}*"`;
      const answer = await supabase
        .from("customers")
        .select("id,name,email,phone")
        .eq("workspace_id", workspaceId)
        .or(`name.ilike.${pattern},email.ilike.${pattern},phone.ilike.${pattern}`)
        .order("name")
        .limit(MOST_PROPOSED)
        .abortSignal(signal)
        .overrideTypes<Found[], { merge: false }>();
      if (answer.error) throw answer.error;
      return answer.data;
    },
  });
  return wanted.length >= 2 ? (data ?? []) : [];
}
