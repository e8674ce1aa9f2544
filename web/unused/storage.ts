/**
 * In place of @supabase/storage-js, which supabase-js always brings along: the apps store no files, and need not
 * load what does.
 */
export class StorageClient {}
export class StorageApiError extends Error {}
