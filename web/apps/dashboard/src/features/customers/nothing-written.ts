/** Row level security does not refuse a change: it finds nothing to change. */
export class NothingWritten extends Error {
  override name = "NothingWritten";
}
