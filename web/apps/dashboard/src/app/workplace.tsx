import { createContext, useContext } from "react";
import type { Desk } from "../features/desk/desk";
import type { ServiceOffer } from "../features/desk/offers";
import type { OpeningData } from "../features/desk/opening";

/** The workspace that the pages are about. */
export interface Workplace {
  desk: Desk;
  opening: OpeningData;
  /** Who does what. */
  offers: readonly ServiceOffer[];
}

export const WorkplaceContext = createContext<Workplace | null>(null);

export function useWorkplace(): Workplace {
  const workplace = useContext(WorkplaceContext);
  if (!workplace) throw new Error("useWorkplace() needs the gate of a workspace around it");
  return workplace;
}
