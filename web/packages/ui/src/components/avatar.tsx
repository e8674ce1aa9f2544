import { cn } from "../cn";
import { memberStyle } from "../member-colours";

export interface AvatarProps {
  name: string;
  /** The person's own colour, #rrggbb. */
  color?: string | null;
  size?: "sm" | "md" | "lg";
  className?: string;
}

const SIZES = { sm: "size-6 text-xs", md: "size-9 text-sm", lg: "size-12 text-md" } as const;

/** A person's initials on their colour. It is decoration: the name belongs beside it. */
export function Avatar({ name, color, size = "md", className }: AvatarProps) {
  return (
    <span
      aria-hidden
      title={name}
      style={memberStyle(color)}
      className={cn(
        "member inline-flex shrink-0 select-none items-center justify-center rounded-full font-semibold text-ink",
        "bg-(--member-tint-strong) ring-1 ring-(--member-edge) ring-inset",
        SIZES[size],
        className,
      )}
    >
      {initials(name)}
    </span>
  );
}

/** The first letters of the first and the last word. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/u);
  const chosen = words.length > 1 ? [words[0], words.at(-1)] : [words[0]];
  return chosen.map((word) => firstLetter(word ?? "")).join("");
}

function firstLetter(word: string): string {
  return Array.from(word)[0]?.toLocaleUpperCase() ?? "";
}
