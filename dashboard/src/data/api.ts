/**
 * Typed calls of the APIs. Every request sends the ID token in a header, never in a cookie or a URL, and the tenant
 * that the page shows as `Expected-Tenant`: an API refuses the request if another tenant is active.
 */
import { config } from "./config";
import { ApiError } from "./error-messages";
import { activeTenant, expireSession, followTenantSwitch, idToken, renew, session } from "./session";

type Api = "tenant" | "membership" | "storage" | "parks";

interface Options {
  readonly method?: string;
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
  /** The request ends this session, whichever tenant is active. */
  readonly endsSession?: boolean;
}

type Sent = Options & { readonly expected: string | undefined };

let forbidden: (isChange: boolean) => void = () => undefined;

/** Call `listener` after each response 403: the user's roles or active tenant may have changed. */
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

/** Send a request. After a response 401, renew the token and retry once; a second 401 ends the session. */
async function request<T>(api: Api, path: string, options: Options = {}): Promise<T> {
  // Read before the token is renewed: the new token may name another tenant than the user saw.
  const sent = { ...options, expected: options.endsSession ? undefined : activeTenant() };
  let response = await send(api, path, sent);
  if (response.status === 401) {
    await renew({ forEnding: options.endsSession });
    // A session that has ended meanwhile must not end again, for another reason.
    if (session().state === "signed-in") {
      response = await send(api, path, sent);
      if (response.status === 401) await expireSession();
    }
  }
  const text = await response.text();
  if (response.ok) return (text ? JSON.parse(text) : undefined) as T;
  const error = new ApiError(response.status, serverMessageOf(text));
  const isChange = (options.method ?? "GET") !== "GET";
  if (error.isOtherTenant && sent.expected) void followTenantSwitch(sent.expected, isChange);
  if (error.status === 403) forbidden(isChange);
  throw error;
}

function serverMessageOf(text: string): string {
  try {
    const { message, result } = JSON.parse(text) as { message?: string; result?: { invalid?: string } };
    return message ?? result?.invalid ?? "";
  } catch {
    return "";
  }
}

const encode = encodeURIComponent;

// The tenant API

export interface Tenant {
  readonly tenantid: string;
  readonly name?: string;
  readonly foundedby?: string;
}

export const getTenant = async (tenant: string, signal?: AbortSignal): Promise<Tenant> => {
  const [found] = await request<Tenant[]>("tenant", `/tenant/${encode(tenant)}`, { signal });
  if (!found) throw new ApiError(404, "");
  return found;
};

export const renameTenant = (tenant: string, name: string): Promise<unknown> =>
  request("tenant", `/tenant/${encode(tenant)}`, { method: "PUT", body: { name } });

/** Usage in one partition mode; `complete` is false if counting stopped at its limit or failed. */
export interface PartitionUsage {
  readonly objects: number;
  readonly bytes: number;
  readonly complete: boolean;
}

export interface Minute {
  readonly start: string;
  readonly records: number;
  readonly bytes: number;
}

/** Usage by part; a part that could not be counted is missing, and named in `failed`. */
export interface Usage {
  readonly failed?: readonly string[];
  readonly storage?: Record<Partition, PartitionUsage>;
  readonly ingestion?: {
    readonly from: string;
    readonly to: string;
    readonly minutes: readonly Minute[];
    readonly complete: boolean;
  };
}

export const getUsage = (tenant: string, signal?: AbortSignal): Promise<Usage> =>
  request("tenant", `/tenant/${encode(tenant)}/usage`, { signal });

// The parks API: parks and webhooks

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
  /** The user id of the owner; visible to admins only. */
  readonly createdBy?: string;
  readonly pausedReason?: "blocked" | "deleted" | "removed" | "roleLost";
}

/** Return the first page of the tenant's parks, and whether there are more. */
export async function getParks(signal?: AbortSignal): Promise<{ parks: readonly Park[]; more: boolean }> {
  const page = await request<{ items: Park[]; cursor?: string }>("parks", "/parks", { signal });
  return { parks: page.items, more: !!page.cursor };
}

export const getWebhooks = async (park: string, signal?: AbortSignal): Promise<readonly Webhook[]> =>
  (await request<{ items: Webhook[] }>("parks", `/parks/${encode(park)}/webhooks`, { signal })).items;

export const removeWebhook = (park: string, webhook: string): Promise<unknown> =>
  request("parks", `/parks/${encode(park)}/webhooks/${encode(webhook)}`, { method: "DELETE" });

/** Become the owner of a webhook. Its endpoint must confirm the subscription again. */
export const takeOverWebhook = (park: string, webhook: string): Promise<unknown> =>
  request("parks", `/parks/${encode(park)}/webhooks/${encode(webhook)}/owner`, { method: "POST" });

// The membership API: members, invitations and the active tenant

export const ROLES = ["admin", "member", "visitor"] as const;
export type Role = (typeof ROLES)[number];

/** The roles that may change the tenant's things. */
export const WRITERS: readonly Role[] = ["admin", "member"];

export interface Settings {
  readonly tenantId?: string;
  readonly roles: readonly Role[];
}

export interface UserTenant {
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

export interface UserInvitation {
  readonly tenantId: string;
  readonly tenantName?: string;
  readonly roles: readonly Role[];
  readonly expires: string;
}

export const getSettings = (signal?: AbortSignal): Promise<Settings> => request("membership", "/settings", { signal });

export const switchTenant = (tenantId: string): Promise<unknown> =>
  request("membership", "/settings", { method: "PUT", body: { tenantId } });

export const getTenants = async (signal?: AbortSignal): Promise<readonly UserTenant[]> =>
  (await request<{ tenants: UserTenant[] }>("membership", "/tenants", { signal })).tenants;

/** Return all members, from all pages of the response. */
export async function getMembers(tenant: string, signal?: AbortSignal): Promise<readonly Member[]> {
  const found: Member[] = [];
  let after: string | undefined;
  do {
    const query = after ? `?after=${encode(after)}` : "";
    const page = await request<{ members: Member[]; next?: string }>(
      "membership",
      `/tenants/${encode(tenant)}/members${query}`,
      {
        signal,
      },
    );
    found.push(...page.members);
    after = page.next;
  } while (after);
  return found;
}

export const setRoles = (tenant: string, member: string, roles: readonly Role[]): Promise<unknown> =>
  request("membership", `/tenants/${encode(tenant)}/members/${encode(member)}/roles`, {
    method: "PUT",
    body: { roles },
  });

export const removeMember = (tenant: string, member: string): Promise<unknown> =>
  request("membership", `/tenants/${encode(tenant)}/members/${encode(member)}`, { method: "DELETE" });

export const inviteUser = (tenant: string, email: string, roles: readonly Role[]): Promise<unknown> =>
  request("membership", `/tenants/${encode(tenant)}/members`, { method: "POST", body: { email, roles } });

export const getInvitations = async (tenant: string, signal?: AbortSignal): Promise<readonly Invitation[]> =>
  (await request<{ invitations: Invitation[] }>("membership", `/tenants/${encode(tenant)}/invitations`, { signal }))
    .invitations;

export const withdrawInvitation = (tenant: string, invitation: string): Promise<unknown> =>
  request("membership", `/tenants/${encode(tenant)}/invitations/${encode(invitation)}`, { method: "DELETE" });

export const getUserInvitations = async (signal?: AbortSignal): Promise<readonly UserInvitation[]> =>
  (await request<{ invitations: UserInvitation[] }>("membership", "/invitations", { signal })).invitations;

export const acceptInvitation = (tenant: string): Promise<unknown> =>
  request("membership", `/invitations/${encode(tenant)}/acceptance`, { method: "POST" });

export const declineInvitation = (tenant: string): Promise<unknown> =>
  request("membership", `/invitations/${encode(tenant)}`, { method: "DELETE" });

// The membership API: the user's own account. These requests do not depend on the active tenant.

const SIGN_OUT_TIMEOUT_MS = 5000;

/** End all sessions of this user, including this one. */
export const endSessions = (): Promise<unknown> =>
  request("membership", "/me/sessions", { method: "DELETE", endsSession: true });

/** End this session. An expired token is not renewed for this, and the request has a timeout. */
export const endSession = (): Promise<unknown> =>
  send("membership", "/me/sessions/current", {
    method: "DELETE",
    expected: undefined,
    signal: AbortSignal.timeout(SIGN_OUT_TIMEOUT_MS),
  });

export const deleteAccount = (): Promise<unknown> =>
  request("membership", "/me", { method: "DELETE", endsSession: true });

/** Change the user's address to the one that the code was sent to, and end all their sessions. */
export const changeAddress = (accessToken: string, code: string): Promise<unknown> =>
  request("membership", "/me/address", { method: "PUT", body: { accessToken, code }, endsSession: true });

// The storage API

/** The partition modes. */
export const PARTITIONS = ["bucket", "prefix", "tag", "access_point", "db_nosql"] as const;
export type Partition = (typeof PARTITIONS)[number];

export const listFiles = async (partition: Partition, signal?: AbortSignal): Promise<string[]> =>
  (await request<{ result: string[] }>("storage", `/object?partition=${partition}`, { signal })).result;

export const readFile = async (partition: Partition, key: string, signal?: AbortSignal): Promise<string> =>
  (await request<{ result: string }>("storage", `/object?partition=${partition}&key=${encode(key)}`, { signal }))
    .result;

export const writeFile = (partition: Partition, key: string, value: string): Promise<unknown> =>
  request("storage", `/object?partition=${partition}`, { method: "PUT", body: { key, value } });
