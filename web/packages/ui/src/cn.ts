import { type ClassValue, clsx } from "clsx";

/**
 * The kinds of Tailwind classes of which one component overrides what another one has, with the kinds that each
 * decides as well.
 *
 * tailwind-merge knows all that there are, which takes it 9 KB.
 */
const KINDS: readonly { kind: string; is: RegExp; decides?: readonly string[] }[] = [
  { kind: "position", is: /^(relative|absolute|fixed|sticky)$/ },
  { kind: "display", is: /^(block|inline|hidden|(inline-)?(block|flex|grid))$/ },
  { kind: "size", is: /^size-/, decides: ["h", "w"] },
  { kind: "h", is: /^h-/ },
  { kind: "w", is: /^w-/ },
  { kind: "min-h", is: /^min-h-/ },
  { kind: "min-w", is: /^min-w-/ },
  { kind: "max-h", is: /^max-h-/ },
  { kind: "max-w", is: /^max-w-/ },
  { kind: "p", is: /^p-/, decides: ["px", "py", "ps", "pe", "pt", "pb"] },
  { kind: "px", is: /^px-/, decides: ["ps", "pe"] },
  { kind: "py", is: /^py-/, decides: ["pt", "pb"] },
  { kind: "flex", is: /^flex-(\d|auto|none)/, decides: ["basis", "grow", "shrink"] },
  { kind: "basis", is: /^basis-/ },
  { kind: "grow", is: /^grow\b/ },
  { kind: "shrink", is: /^shrink\b/ },
  { kind: "justify", is: /^justify-(?!items|self)/ },
  { kind: "items", is: /^items-/ },
  { kind: "gap", is: /^gap-\d/ },
  { kind: "rounded", is: /^rounded(-(sm|control|card|full|none))?$/ },
  { kind: "font size", is: /^text-(xs|sm|md|base|lg|xl|2xl)$/ },
  { kind: "text align", is: /^text-(start|end|center)$/ },
  { kind: "colour", is: /^text-(?!(wrap|nowrap|balance|pretty|ellipsis|clip)$)/ },
  { kind: "weight", is: /^font-(normal|medium|semibold|bold)$/ },
  { kind: "ground", is: /^bg-/ },
  { kind: "border colour", is: /^border-(?!\d|[xysetb](-|$)|(dashed|dotted|solid|none)$)/ },
];

const merged = new Map<string, string>();

/** Joins class names; of Tailwind classes that contradict each other the last one wins. */
export function cn(...classes: ClassValue[]): string {
  const all = clsx(classes);
  const known = merged.get(all);
  if (known !== undefined) return known;
  const result = mergeClasses(all.split(" "));
  merged.set(all, result);
  return result;
}

function mergeClasses(classes: readonly string[]): string {
  const decided = new Set<string>();
  const kept = classes.toReversed().filter((name) => {
    const end = name.lastIndexOf(":") + 1;
    const variants = name.slice(0, end);
    const found = KINDS.find(({ is }) => is.test(name.slice(end)));
    if (!found) return true;
    if (decided.has(variants + found.kind)) return false;
    for (const kind of [found.kind, ...(found.decides ?? [])]) decided.add(variants + kind);
    return true;
  });
  return kept.reverse().join(" ");
}
