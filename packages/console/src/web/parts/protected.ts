import { environments } from "../session.js";

/** The name to type before something is changed here; undefined: the environment is not protected. */
export function nameToType(app: string, environment: string): string | undefined {
  const known = environments.value?.find((one) => one.app === app && one.environment === environment);
  return known?.protected === true ? environment : undefined;
}
