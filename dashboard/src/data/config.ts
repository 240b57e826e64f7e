/** What the deployment tells the page, in `/config.json`: values only, none of them secret. */
export interface Config {
  readonly application: string;
  readonly userPoolId: string;
  readonly userPoolClientId: string;
  readonly userPoolEndpoint: string;
  /** Where each API answers, on the page's own origin. */
  readonly apis: Record<"tenant" | "storage" | "parks", string>;
}

let loaded: Config | undefined;

/** Read the configuration, once. */
export async function loadConfig(): Promise<Config> {
  const answer = await fetch("/config.json");
  if (!answer.ok) throw new Error(`GET /config.json returned status ${answer.status}`);
  loaded = (await answer.json()) as Config;
  return loaded;
}

/** Return the configuration that was read at the start. */
export function config(): Config {
  if (!loaded) throw new Error("The configuration is not loaded: call loadConfig() first.");
  return loaded;
}
