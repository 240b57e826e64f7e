import type { Partition } from "../data/api";

/** Name and description of each partition mode. */
export const PARTITION_MODES: Record<Partition, { readonly name: string; readonly by: string }> = {
  bucket: { name: "Bucket", by: "Your tenant has its own bucket." },
  prefix: { name: "Prefix", by: "One shared bucket. Your object keys start with your tenant id." },
  tag: { name: "Tag", by: "One shared bucket. Your objects are tagged with your tenant id." },
  access_point: { name: "Access point", by: "One shared bucket. Your tenant has its own access point." },
  db_nosql: { name: "Database", by: "One shared bucket. A DynamoDB table lists which objects are yours." },
};
