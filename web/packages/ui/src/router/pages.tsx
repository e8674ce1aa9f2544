import {
  Component,
  type ComponentType,
  type LazyExoticComponent,
  lazy,
  type ReactNode,
} from "react";
import { isText, readStored, writeStored } from "../stored";

const STORED_AS = "slotcast.reloaded-for";

/**
 * A page whose code is loaded when it is asked for.
 *
 * After an update of the server there may be no such code any more: then the app is loaded anew, but for each reason
 * only once.
 */
export function lazyPage<P extends object>(
  load: () => Promise<ComponentType<P>>,
): LazyExoticComponent<ComponentType<P>> {
  return lazy(async () => {
    try {
      return { default: await load() };
    } catch (error) {
      if (navigator.onLine && isFirst(String(error))) location.reload();
      throw error;
    }
  });
}

function isFirst(reason: string): boolean {
  if (readStored(STORED_AS, isText, "session") === reason) return false;
  writeStored(STORED_AS, reason, "session");
  return true;
}

export interface CatchProps {
  /** Stands there when what is inside broke. */
  broken: ReactNode;
  children: ReactNode;
}

/** Keeps what broke inside of it from taking everything else along; give it a key, and another one tries again. */
export class Catch extends Component<CatchProps, { isBroken: boolean }> {
  override state = { isBroken: false };

  static getDerivedStateFromError() {
    return { isBroken: true };
  }

  override render(): ReactNode {
    return this.state.isBroken ? this.props.broken : this.props.children;
  }
}
