import { useSupabase } from "@slotcast/realtime";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useDeferredValue } from "react";
import { canWriteAppointments, type Desk } from "../desk/desk";
import { carryOut, PAGES, type ShortcutActions } from "./actions";
import { openShortcutHelp } from "./dialogs";
import { COMMANDS, KEYS_OF } from "./keys";
import { rank } from "./ranking";
import { useTexts } from "./texts";

/** Fewer letters find everybody. */
const CUSTOMER_LETTER_COUNT = 2;
const CUSTOMER_COUNT = 6;

export interface Suggestion {
  id: string;
  label: string;
  /** Says what kind of thing it is, or which key does the same. */
  aside: string;
  act(): void;
}

/** What the palette offers for what was typed so far. */
export function useSuggestions(desk: Desk, actions: ShortcutActions, query: string): Suggestion[] {
  const t = useTexts();
  const customers = useCustomersByName(desk, useDeferredValue(query.trim()));

  const pages: Suggestion[] = PAGES.map((page) => ({
    id: `page-${page}`,
    label: t(`shortcuts.page.${page}`),
    aside: "",
    act: () => actions.go(page),
  }));
  const commands: Suggestion[] = COMMANDS.flatMap((command) => {
    if (command === "palette" || (command === "create" && !canWriteAppointments(desk.role)))
      return [];
    return {
      id: `command-${command}`,
      label: t(`shortcuts.command.${command}`),
      aside: KEYS_OF[command][0] ?? "",
      act: () => (command === "help" ? openShortcutHelp() : carryOut(command, actions)),
    };
  });
  const people: Suggestion[] = customers.map(({ id, name }) => ({
    id: `customer-${id}`,
    label: name,
    aside: t("shortcuts.customer"),
    act: () => actions.openCustomer(id),
  }));
  return rank([...commands, ...pages, ...people], query);
}

interface Named {
  id: string;
  name: string;
}

const NOBODY: Named[] = [];

function useCustomersByName({ workspace, role }: Desk, name: string): Named[] {
  const client = useSupabase();
  const isWanted = name.length >= CUSTOMER_LETTER_COUNT && canWriteAppointments(role);
  const { data } = useQuery({
    queryKey: ["customers", workspace.id, "by name", name],
    enabled: isWanted,
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => {
      const { data } = await client
        .from("customers")
        .select("id, name")
        .eq("workspace_id", workspace.id)
        .ilike("name", `%${escapeLike(name)}%`)
        .order("name")
        .limit(CUSTOMER_COUNT)
        .abortSignal(signal)
        .throwOnError();
      return data;
    },
  });
  return isWanted ? (data ?? NOBODY) : NOBODY;
}

/** What people type is a text, not a pattern. */
function escapeLike(text: string): string {
  return text.replaceAll(/[\\%_*]/g, (sign) => `\\${sign}`);
}
