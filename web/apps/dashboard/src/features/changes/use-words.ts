import { useLanguage } from "@slotcast/ui";
import { useMemo } from "react";
import type { Desk } from "../desk/desk";
import type { Change } from "./change";
import { type Names, sentenceOf } from "./sentence";
import { useTexts } from "./texts";
import { whenIn } from "./when";

export interface Words {
  /** What happened: `Mara Li moved to Tue 14:00 (was 13:00)`. */
  what(change: Change): string;
  /** Who did it: `by Olga`. */
  who(change: Change): string;
}

/** Puts changes into the reader's language and zone. */
export function useWords({ me, members, services, zone }: Desk, nowMs: number): Words {
  const t = useTexts();
  const { locale } = useLanguage();
  return useMemo(() => {
    const names: Names = {
      member: nameIn(members),
      service: nameIn(services),
      unknown: t("changes.unknown"),
    };
    const when = whenIn(zone, locale, nowMs);
    return {
      what(change) {
        const { key, values } = sentenceOf(change, names, when);
        return t(`changes.said.${key}`, values);
      },
      who(change) {
        const { actor_id, actor_kind, actor_name, customer_name } = change;
        if (actor_id === me) return t("changes.byYou");
        const isCustomer = actor_kind === "customer" && actor_name === customer_name;
        if (actor_name && !isCustomer) return t("changes.by", { name: actor_name });
        return t(`changes.by_${actor_kind}`);
      },
    };
  }, [t, locale, zone, me, members, services, nowMs]);
}

function nameIn(rows: readonly { id: string; name: string }[]) {
  const names = new Map(rows.map(({ id, name }) => [id, name]));
  return (id: string | null | undefined) => (id ? (names.get(id) ?? null) : null);
}
