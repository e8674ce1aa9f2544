import { Select } from "@slotcast/ui";
import type { Desk } from "../desk/desk";
import { CHANGE_KINDS, type ChangeFilter, type ChangeKind } from "./change";
import { ChangeOptions } from "./change-options";
import { useTexts } from "./texts";

/** Select has no empty value. */
const ALL = "all";

export interface ChangeFilterBarProps {
  members: Desk["members"];
  filter: ChangeFilter;
  onChange: (filter: ChangeFilter) => void;
}

/** By kind and by person, and how loud changes are. */
export function ChangeFilterBar({ members, filter, onChange }: ChangeFilterBarProps) {
  const t = useTexts();
  return (
    <div className="flex items-center gap-2 px-3 pb-2">
      <Select<ChangeKind | typeof ALL>
        size="sm"
        aria-label={t("changes.filter.kind")}
        value={filter.kind ?? ALL}
        onChange={(kind) => onChange({ ...filter, kind: kind === ALL ? null : kind })}
        options={[
          { value: ALL, label: t("changes.filter.everything") },
          ...CHANGE_KINDS.map((kind) => ({ value: kind, label: t(`changes.filter.${kind}`) })),
        ]}
      />
      <Select<string>
        size="sm"
        aria-label={t("changes.filter.person")}
        value={filter.memberId ?? ALL}
        onChange={(id) => onChange({ ...filter, memberId: id === ALL ? null : id })}
        options={[
          { value: ALL, label: t("changes.filter.everybody") },
          ...members.map(({ id, name }) => ({ value: id, label: name })),
        ]}
      />
      <ChangeOptions />
    </div>
  );
}
