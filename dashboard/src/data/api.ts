/**
 * The APIs, as typed calls. Every request carries the ID token in a header, never in a cookie or an address, and names the
 * tenant that the page shows: an API that would act in another one does nothing, and says so.
 */
import { config } from "./config";
import { catchUp, expire, idToken, renew, shownTenant } from "./session";
import { ApiError } from "./words";

type Api = "tenant" | "storage" | "parks";

interface Options {
  readonly method?: string;
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
  /** The request is about the account, whichever tenant is active. */
  readonly account?: boolean;
}

type Sent = Options & { readonly expected: string | undefined };

let forbidden: (isChange: boolean) => void = () => undefined;

/** Call `listener` whenever an API has refused what roles do not allow: they, or the tenant, may have changed. */
export const onForbidden = (listener: (isChange: boolean) => void): void => {
  forbidden = listener;
};

async function send(api: Api, path: string, { method = "GET", body, signal, expected }: Sent): Promise<Response> {
  const headers: Record<string, string> =
    api === "storage" ? { "x-token": idToken() } : { Authorization: `Bearer ${idToken()}` };
  if (expected) headers["Expected-Tenant"] = expected;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const init: RequestInit = { method, headers, credentials: "omit", cache: "no-store" };
  if (body !== undefined) init.body = JSON.stringify(body);
  if (signal) init.signal = signal;
  try {
    return await fetch(`${config().apis[api]}${path}`, init);
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, "");
  }
}

/** Ask an API. A token that no longer counts is renewed once; if that does not help, the session has ended. */
async function ask<T>(api: Api, path: string, options: Options = {}): Promise<T> {
  // Of now: a token that is renewed below may name another tenant, which is not the one that was meant.
  const sent = { ...options, expected: options.account ? undefined : shownTenant() };
  let answer = await send(api, path, sent);
  if (answer.status === 401) {
    await renew();
    answer = await send(api, path, sent);
    if (answer.status === 401) await expire();
  }
  const text = await answer.text();
  if (answer.ok) return (text ? JSON.parse(text) : undefined) as T;
  const error = new ApiError(answer.status, said(text));
  const isChange = (options.method ?? "GET") !== "GET";
  if (error.isOtherTenant && sent.expected) void catchUp(sent.expected, isChange);
  if (error.status === 403) forbidden(isChange);
  throw error;
}

function said(text: string): string {
  try {
    const { message, result } = JSON.parse(text) as { message?: string; result?: { invalid?: string } };
    return message ?? result?.invalid ?? "";
  } catch {
    return "";
  }
}

const part = encodeURIComponent;

// The tenant API

export interface Tenant {
  readonly tenantid: string;
  readonly name?: string;
  readonly foundedby?: string;
}

export const getTenant = async (tenant: string, signal?: AbortSignal): Promise<Tenant> => {
  const [found] = await ask<Tenant[]>("tenant", `/tenant/${part(tenant)}`, { signal });
  if (!found) throw new ApiError(404, "");
  return found;
};

export const renameTenant = (tenant: string, name: string): Promise<unknown> =>
  ask("tenant", `/tenant/${part(tenant)}`, { method: "PUT", body: { name } });

/** What a tenant has stored in one partition; `complete` is false where counting stopped at its bound, or failed. */
export interface Stored {
  readonly objects: number;
  readonly bytes: number;
  readonly complete: boolean;
}

export interface Minute {
  readonly start: string;
  readonly records: number;
  readonly bytes: number;
}

export interface Usage {
  readonly storage: Record<Partition, Stored>;
  readonly ingestion: {
    readonly from: string;
    readonly to: string;
    readonly minutes: readonly Minute[];
    readonly complete: boolean;
  };
}

export const getUsage = (tenant: string, signal?: AbortSignal): Promise<Usage> =>
  ask("tenant", `/tenant/${part(tenant)}/usage`, { signal });

// Parks and their webhooks, of the parks API

export interface Park {
  readonly id: string;
  readonly name: string;
  readonly status: string;
}

export interface Webhook {
  readonly id: string;
  readonly eventType: string;
  readonly endpoint: string;
  readonly state: "pending" | "confirmed" | "expired" | "paused";
  /** The user id of who made it, or has taken it over; for admins only. */
  readonly createdBy?: string;
  readonly pausedReason?: "blocked" | "deleted" | "removed" | "roleLost";
}

/** Return the first page of the tenant's parks, and whether there are more. */
export async function getParks(signal?: AbortSignal): Promise<{ parks: readonly Park[]; more: boolean }> {
  const page = await ask<{ items: Park[]; cursor?: string }>("parks", "/parks", { signal });
  return { parks: page.items, more: !!page.cursor };
}

export const getWebhooks = async (park: string, signal?: AbortSignal): Promise<readonly Webhook[]> =>
  (await ask<{ items: Webhook[] }>("parks", `/parks/${part(park)}/webhooks`, { signal })).items;

export const removeWebhook = (park: string, webhook: string): Promise<unknown> =>
  ask("parks", `/parks/${part(park)}/webhooks/${part(webhook)}`, { method: "DELETE" });

/** Make a webhook one's own, which subscribes its endpoint again. */
export const takeOver = (park: string, webhook: string): Promise<unknown> =>
  ask("parks", `/parks/${part(park)}/webhooks/${part(webhook)}/owner`, { method: "POST" });

// Membership, of the parks API

export const ROLES = ["admin", "member", "visitor"] as const;
export type Role = (typeof ROLES)[number];

export interface Settings {
  readonly tenantId?: string;
  readonly roles: readonly Role[];
}

export interface OwnTenant {
  readonly tenantId: string;
  readonly name?: string;
  readonly roles: readonly Role[];
  readonly active: boolean;
}

export interface Member {
  readonly userId: string;
  readonly email: string;
  readonly name: string;
  readonly roles: readonly Role[];
}

export interface Invitation {
  readonly invitationId: string;
  readonly email: string;
  readonly roles: readonly Role[];
  readonly expires: string;
}

export interface OwnInvitation {
  readonly tenantId: string;
  readonly tenantName?: string;
  readonly roles: readonly Role[];
  readonly expires: string;
}

export const getSettings = (signal?: AbortSignal): Promise<Settings> => ask("parks", "/settings", { signal });

export const switchTenant = (tenantId: string): Promise<unknown> =>
  ask("parks", "/settings", { method: "PUT", body: { tenantId } });

export const getTenants = async (signal?: AbortSignal): Promise<readonly OwnTenant[]> =>
  (await ask<{ tenants: OwnTenant[] }>("parks", "/tenants", { signal })).tenants;

/** Return all members, however many pages that takes. */
export async function getMembers(tenant: string, signal?: AbortSignal): Promise<readonly Member[]> {
  const found: Member[] = [];
  let after: string | undefined;
  do {
    const query = after ? `?after=${part(after)}` : "";
    const page = await ask<{ members: Member[]; next?: string }>("parks", `/tenants/${part(tenant)}/members${query}`, {
      signal,
    });
    found.push(...page.members);
    after = page.next;
  } while (after);
  return found;
}

export const setRoles = (tenant: string, member: string, roles: readonly Role[]): Promise<unknown> =>
  ask("parks", `/tenants/${part(tenant)}/members/${part(member)}/roles`, { method: "PUT", body: { roles } });

export const removeMember = (tenant: string, member: string): Promise<unknown> =>
  ask("parks", `/tenants/${part(tenant)}/members/${part(member)}`, { method: "DELETE" });

export const invite = (tenant: string, email: string, roles: readonly Role[]): Promise<unknown> =>
  ask("parks", `/tenants/${part(tenant)}/members`, { method: "POST", body: { email, roles } });

export const getInvitations = async (tenant: string, signal?: AbortSignal): Promise<readonly Invitation[]> =>
  (await ask<{ invitations: Invitation[] }>("parks", `/tenants/${part(tenant)}/invitations`, { signal })).invitations;

export const withdraw = (tenant: string, invitation: string): Promise<unknown> =>
  ask("parks", `/tenants/${part(tenant)}/invitations/${part(invitation)}`, { method: "DELETE" });

export const getOwnInvitations = async (signal?: AbortSignal): Promise<readonly OwnInvitation[]> =>
  (await ask<{ invitations: OwnInvitation[] }>("parks", "/invitations", { signal })).invitations;

export const accept = (tenant: string): Promise<unknown> =>
  ask("parks", `/invitations/${part(tenant)}/acceptance`, { method: "POST" });

export const decline = (tenant: string): Promise<unknown> =>
  ask("parks", `/invitations/${part(tenant)}`, { method: "DELETE" });

// One's own account, of the parks API. These requests are about the person, whichever tenant is active for them.

const ENOUGH_MS = 5000;

/** End every session of this person, this one too. */
export const endSessions = (): Promise<unknown> => ask("parks", "/me/sessions", { method: "DELETE", account: true });

/** End this session. A token that no longer counts is not renewed for it, and nobody waits for long. */
export const endSession = (): Promise<unknown> =>
  send("parks", "/me/sessions/current", {
    method: "DELETE",
    expected: undefined,
    signal: AbortSignal.timeout(ENOUGH_MS),
  });

export const deleteAccount = (): Promise<unknown> => ask("parks", "/me", { method: "DELETE", account: true });

/** Make the address to which the code was sent this person's, and end every session of theirs. */
export const changeAddress = (accessToken: string, code: string): Promise<unknown> =>
  ask("parks", "/me/address", { method: "PUT", body: { accessToken, code }, account: true });

// The storage API

/** The five ways of keeping tenants' objects apart, in the order of the document. */
export const PARTITIONS = ["bucket", "prefix", "tag", "access_point", "db_nosql"] as const;
export type Partition = (typeof PARTITIONS)[number];

export const listFiles = async (partition: Partition, signal?: AbortSignal): Promise<string[]> =>
  (await ask<{ result: string[] }>("storage", `/object?partition=${partition}`, { signal })).result;

export const readFile = async (partition: Partition, key: string, signal?: AbortSignal): Promise<string> =>
  (await ask<{ result: string }>("storage", `/object?partition=${partition}&key=${part(key)}`, { signal })).result;

export const writeFile = (partition: Partition, key: string, value: string): Promise<unknown> =>
  ask("storage", `/object?partition=${partition}`, { method: "PUT", body: { key, value } });
