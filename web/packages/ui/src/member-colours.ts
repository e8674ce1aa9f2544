import type { CSSProperties } from "react";

/**
 * Colours to offer for team members.
 *
 * Chosen so that the nearest two stay apart for normal, protan and deutan eyes alike (the smallest distance after
 * simulation is 0.08 in OKLab). A narrow band of lightness, not one: at equal lightness colour-blind eyes have
 * only the axis from blue to yellow left.
 */
export const MEMBER_PALETTE = [
  { name: "violet", hex: "#7f52db" },
  { name: "sky", hex: "#3a9bfd" },
  { name: "raspberry", hex: "#b13065" },
  { name: "olive", hex: "#696f12" },
  { name: "apricot", hex: "#ca874e" },
  { name: "jade", hex: "#66a79a" },
  { name: "orchid", hex: "#d961d2" },
  { name: "slate", hex: "#546992" },
] as const;

/** Sets `--member` for the classes `member`, `member-tint`, `member-edge` and `member-dot`. */
export function memberStyle(hex: string | null | undefined): CSSProperties {
  return { "--member": hex ?? "#546992" } as CSSProperties;
}
