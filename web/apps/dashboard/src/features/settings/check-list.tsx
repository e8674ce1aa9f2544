import { Checkbox } from "@slotcast/ui";
import { useId } from "react";

export interface CheckListProps {
  items: readonly { id: string; name: string }[];
  chosen: ReadonlySet<string>;
  disabled?: boolean;
  onChange: (chosen: ReadonlySet<string>) => void;
}

/** Any of several. */
export function CheckList({ items, chosen, disabled = false, onChange }: CheckListProps) {
  const prefix = useId();
  function toggle(id: string, on: boolean) {
    const next = new Set(chosen);
    if (on) next.add(id);
    else next.delete(id);
    onChange(next);
  }
  return (
    <ul className="grid gap-1 sm:grid-cols-2">
      {items.map(({ id, name }) => (
        <li key={id} className="flex min-h-8 items-center gap-2.5">
          <Checkbox
            id={prefix + id}
            checked={chosen.has(id)}
            disabled={disabled}
            onCheckedChange={(on) => toggle(id, on === true)}
          />
          <label htmlFor={prefix + id} className="min-w-0 flex-1 truncate text-md">
            {name}
          </label>
        </li>
      ))}
    </ul>
  );
}
