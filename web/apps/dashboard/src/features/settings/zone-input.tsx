import { Input, type InputProps } from "@slotcast/ui";
import { useId } from "react";
import { zoneNames } from "./zone";

/** A field for an IANA time zone that offers the names as one types. */
export function ZoneInput(props: InputProps) {
  const list = useId();
  return (
    <>
      <Input list={list} autoComplete="off" spellCheck={false} {...props} />
      <datalist id={list}>
        {zoneNames().map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </>
  );
}
