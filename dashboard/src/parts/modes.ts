import type { Partition } from "../data/api";

/** The five partitions in a person's words: what each is called, and what keeps tenants apart in it. */
export const MODES: Record<Partition, { readonly name: string; readonly by: string }> = {
  bucket: { name: "Bucket", by: "Your tenant has a bucket of its own." },
  prefix: { name: "Prefix", by: "One bucket for all; your keys begin with your tenant." },
  tag: { name: "Tag", by: "One bucket for all; your objects carry your tenant's tag." },
  access_point: { name: "Access point", by: "One bucket for all; your tenant has a door of its own." },
  db_nosql: { name: "Database", by: "One bucket for all; a table says which objects are yours." },
};
