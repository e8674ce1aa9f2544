import { Link } from "@slotcast/ui/router";
import type { ReactNode } from "react";
import type { Draft } from "./draft";

export interface DraftLinkProps {
  draft: Draft;
  children: ReactNode;
  className?: string;
  /** Whether it is what has been chosen. */
  isChosen?: boolean;
  [data: `data-${string}`]: string;
}

/** Leads to the page with another draft: a real link, which can be opened elsewhere and gone back from. */
export function DraftLink({ draft, isChosen, ...props }: DraftLinkProps) {
  return <Link search={{ ...draft }} {...(isChosen ? { "aria-current": true } : {})} {...props} />;
}
