import { Toaster } from "@slotcast/ui";
import { CustomerNews, type CustomerNewsProps } from "./customer-news";

/** The news, and where they appear. */
export function NewsToasts(props: CustomerNewsProps) {
  return (
    <>
      <CustomerNews {...props} />
      <Toaster />
    </>
  );
}
