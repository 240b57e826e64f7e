/** The configuration of the deployment, from `/config.json`. It holds no secrets. */
export interface Config {
  readonly application: string;
  readonly userPoolId: string;
  readonly userPoolClientId: string;
  readonly userPoolEndpoint: string;
  /** The path of each API on the page's origin. */
  readonly apis: Record<"tenant" | "membership" | "storage" | "parks", string>;
}

let loaded: Config | undefined;

/** Load the configuration. */
export async function loadConfig(): Promise<Config> {
  const answer = await fetch("/config.json");
  if (!answer.ok) throw new Error(`GET /config.json returned status ${answer.status}`);
  loaded = (await answer.json()) as Config;
  return loaded;
}

/** Return the loaded configuration. */
export function config(): Config {
  if (!loaded) throw new Error("The configuration is not loaded: call loadConfig() first.");
  return loaded;
}
